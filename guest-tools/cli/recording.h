/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording: snapshots over time in a file, for "exitstat report".
 *
 * The file is text, a JSON object a line, so that other programs can read it
 * too.  Version 1:
 *
 * First line, the header
 *	exitstat	"recording"
 *	version		1; a reader refuses a higher one
 *	tool		version of the program that wrote it
 *	reasons		namespace of the codes: 1 Intel VMX, 2 AMD SVM
 *	vcpus		number of vCPUs
 *	tsc_hz		frequency of the cycles in Hz; 0: not known
 *	interval	seconds between samples, as asked for
 *	started		seconds since 1970 (UTC)
 *	command		optional, array of strings: what ran meanwhile
 *	statistics	array of what the host keeps beyond exits and cycles:
 *			name, number, kind, unit, merge, shape, shift, elements,
 *			the numbers as in kvm_exit_stats.h
 *
 * One line a sample, counters since the start of the VM
 *	n		0, 1, 2, ...
 *	t		seconds since the first sample, of CLOCK_MONOTONIC
 *	instance	16 hexadecimal digits; another one than before: the
 *			counters restarted
 *	features	feature bits of the host; rows may have been hidden or
 *			shown if they are others than before
 *	own		exits of reason CPUID that the recorder itself has caused
 *	rows		array, those that are not zero: reason (name), slot, code,
 *			exits, cycles, and values: an object with a member for
 *			each row statistic, a number or, of several elements, an
 *			array
 *	values		object with a member for each statistic of the vCPUs
 *
 * Last line
 *	end		why it ended: "count", "command", "signal", "error"
 *	samples		number of samples
 *	status		optional: the command's exit status
 *
 * A file without its last line was cut off, or the recorder was killed.
 */
#ifndef EXITSTAT_RECORDING_H
#define EXITSTAT_RECORDING_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "lib/libexitstat.h"

#define RECORDING_VERSION 1

struct recording_row {
	uint32_t slot;
	uint32_t code;
	uint64_t exits;
	uint64_t cycles;
	uint64_t *values;	/* nr_row_values of them */
	char name[EXITSTAT_NAME_SIZE];
};

struct recording_sample {
	double seconds;		/* since the first sample */
	uint64_t instance;
	uint32_t features;
	uint64_t own;
	size_t nr_rows;
	struct recording_row *rows;	/* in order of slots */
	uint64_t *vcpu_values;	/* nr_vcpu_values of them */
};

struct recording {
	uint32_t reasons;
	uint32_t nr_vcpus;
	uint64_t tsc_hz;
	double interval;
	time_t started;
	char *command;		/* its words, with blanks in between; or NULL */
	size_t nr_stats;
	struct exitstat_stat *stats;	/* "first" as in a snapshot */
	size_t nr_row_values;
	size_t nr_vcpu_values;
	size_t nr_samples;	/* at least 1 */
	struct recording_sample *samples;
	char end[16];		/* "" if it is cut off */
	int status;		/* of the command; -1: there was none */
};

/*
 * Read a recording.  0, or a negative errno and a sentence about it in "why":
 *	-EBADMSG	not a recording, or a broken one
 *	-EMSGSIZE	cut off; *rec has the samples up to there, if there are
 *			any, else NULL
 *	-ENOTSUP	of a version that this program does not know
 *	-EIO		cannot be read
 *	-ENOMEM
 */
int recording_read(FILE *in, struct recording **rec, char *why, size_t size);
void recording_free(struct recording *rec);

/* NULL if it has none such */
const struct recording_row *recording_row(const struct recording_sample *sample,
					  uint32_t slot);
const struct exitstat_stat *recording_stat(const struct recording *rec,
					   uint32_t number);

#endif /* EXITSTAT_RECORDING_H */
