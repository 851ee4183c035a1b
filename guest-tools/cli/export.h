/* SPDX-License-Identifier: GPL-2.0-only */
/* Prometheus: statistics by HTTP, or in a file for node_exporter. */
#ifndef EXITSTAT_EXPORT_H
#define EXITSTAT_EXPORT_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * "PORT", "ADDRESS:PORT", "[ADDRESS]:PORT" into a socket address; loopback if no
 * address is given.  0 or -1.
 */
int export_parse_address(const char *text, struct sockaddr_storage *address,
			 socklen_t *length);

/* Of a file for node_exporter's textfile collector, which is another user. */
#define TEXTFILE_MODE	0644

/*
 * Replace a file: its readers see the old one or the new one, whole, and so does
 * a machine that loses power.  A new one gets this mode, an old one keeps its own.
 * A link stays, and the file that it names is replaced; what is no file, such as a
 * device or a pipe, is written to.  0 or a negative errno; the old file is left
 * alone then.
 */
int export_replace_file(const char *path, mode_t mode, const char *text, size_t length);

/* As of a file that a shell makes */
mode_t export_usual_mode(void);

#endif /* EXITSTAT_EXPORT_H */
