/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write a recording, see recording.h for what is in it.
 *
 * Each line goes out whole, at once.  If one does not fit any more (full disk,
 * file size limit), what it left behind is cut off again: the file then holds all
 * samples before it, and a reader is told that there is no end.
 */
#ifndef EXITSTAT_RECORDER_H
#define EXITSTAT_RECORDER_H

#include "lib/libexitstat.h"

struct recorder;

/*
 * Functions return 0 or a negative errno; recorder_why() has the sentence, for
 * recorder_open() it is that of the errno.
 *
 * recorder_open() empties a file that is there; command: NULL, or argv of the
 * command, ended by NULL.
 */
int recorder_open(struct recorder **recorder, const char *path);
int recorder_begin(struct recorder *recorder, struct exitstat *es, double interval,
		   char *const *command);
int recorder_sample(struct recorder *recorder, struct exitstat *es,
		    const struct exitstat_snapshot *snap);
/* why: "count", "command", ...; status: of the command, -1 for none */
int recorder_end(struct recorder *recorder, const char *why, int status);
/* Fails if what was written did not get to the disk. */
int recorder_close(struct recorder *recorder);

unsigned long recorder_samples(const struct recorder *recorder);
const char *recorder_why(const struct recorder *recorder);
void recorder_free(struct recorder *recorder);

#endif /* EXITSTAT_RECORDER_H */
