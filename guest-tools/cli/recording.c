// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read a recording.  The file may come from anywhere: nothing in it is believed
 * before it was looked at, and every size has a limit.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/recording.h"
#include "cli/text.h"
#include "kvm_exit_stats.h"

/* Far above what a host can offer, far below what hurts. */
#define MAX_LINE	(4u << 20)
#define MAX_STATS	256
#define MAX_ELEMENTS	256
#define MAX_ROWS	4096

struct reader {
	FILE *in;
	struct recording *rec;
	char *line;
	size_t room;
	size_t length;
	unsigned long line_nr;
	size_t room_samples;
	char *why;
	size_t why_size;
};

static int fail(struct reader *reader, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct reader *reader, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->why, reader->why_size, format, args);
	va_end(args);
	return error;
}

static int no_memory(struct reader *reader)
{
	return fail(reader, -ENOMEM, "out of memory");
}

static int broken(struct reader *reader, const char *what)
{
	return fail(reader, -EBADMSG, "line %lu: %s", reader->line_nr, what);
}

/* 1: a line; 0: the end, with what follows the last newline as the line */
static int next_line(struct reader *reader)
{
	int c;

	reader->length = 0;
	reader->line_nr++;
	while ((c = getc(reader->in)) != EOF) {
		if (c == '\n')
			return 1;
		if (reader->length == MAX_LINE)
			return broken(reader, "the line is longer than any of a recording");
		if (reader->length == reader->room) {
			size_t room = reader->room ? 2 * reader->room : 4096;
			char *line = realloc(reader->line, room);

			if (!line)
				return no_memory(reader);
			reader->line = line;
			reader->room = room;
		}
		reader->line[reader->length++] = (char)c;
	}
	if (ferror(reader->in))
		return fail(reader, -EIO, "cannot be read: %s", strerror(errno));
	return 0;
}

/* --- members of an object ------------------------------------------------- */

static int get_u64(const json_t *object, const char *name, uint64_t max,
		   uint64_t *value)
{
	const json_t *member = json_object_get(object, name);

	if (!json_is_integer(member) || json_integer_value(member) < 0 ||
	    (uint64_t)json_integer_value(member) > max)
		return -1;
	*value = (uint64_t)json_integer_value(member);
	return 0;
}

static int get_u32(const json_t *object, const char *name, uint32_t max,
		   uint32_t *value)
{
	uint64_t wide;

	if (get_u64(object, name, max, &wide))
		return -1;
	*value = (uint32_t)wide;
	return 0;
}

static int get_seconds(const json_t *object, const char *name, double *value)
{
	const json_t *member = json_object_get(object, name);

	if (!json_is_number(member))
		return -1;
	*value = json_number_value(member);
	return isfinite(*value) && *value >= 0 && *value < 1e12 ? 0 : -1;
}

/* Names go to terminals and into pages: printable ASCII alone. */
static int get_name(const json_t *object, const char *member, char *name,
		    size_t size)
{
	const char *text = json_string_value(json_object_get(object, member));
	size_t i;

	if (!text || !*text || strlen(text) >= size)
		return -1;
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			return -1;
	memcpy(name, text, i + 1);
	return 0;
}

/* --- the header ----------------------------------------------------------- */

static int read_command(struct reader *reader, const json_t *command)
{
	size_t i, length = 1;
	char *to;

	if (!command)
		return 0;
	if (!json_is_array(command))
		return broken(reader, "\"command\" is no array");
	for (i = 0; i < json_array_size(command); i++) {
		const json_t *word = json_array_get(command, i);

		if (!json_is_string(word))
			return broken(reader, "\"command\" has a word that is no string");
		length += json_string_length(word) + 1;
	}
	reader->rec->command = malloc(length);
	if (!reader->rec->command)
		return no_memory(reader);
	to = reader->rec->command;
	for (i = 0; i < json_array_size(command); i++) {
		if (i)
			*to++ = ' ';
		to = stpcpy(to, json_string_value(json_array_get(command, i)));
	}
	*to = '\0';
	text_make_printable(reader->rec->command);
	return 0;
}

static int read_stat(struct reader *reader, const json_t *object,
		     struct exitstat_stat *stat)
{
	struct recording *rec = reader->rec;
	size_t *values;

	if (get_name(object, "name", stat->name, sizeof(stat->name)) ||
	    get_u32(object, "number", 255, &stat->number) ||
	    get_u32(object, "kind", KVM_EXIT_STATS_KIND_VCPU, &stat->kind) ||
	    get_u32(object, "unit", UINT32_MAX, &stat->unit) ||
	    get_u32(object, "merge", UINT32_MAX, &stat->merge) ||
	    get_u32(object, "shape", UINT32_MAX, &stat->shape) ||
	    get_u32(object, "shift", 63, &stat->shift) ||
	    get_u32(object, "elements", MAX_ELEMENTS, &stat->nr_elements) ||
	    !stat->nr_elements || !stat->kind)
		return broken(reader, "\"statistics\" has an entry that is no statistic");
	values = stat->kind == KVM_EXIT_STATS_KIND_ROW ? &rec->nr_row_values :
							 &rec->nr_vcpu_values;
	stat->first = (uint32_t)*values;
	*values += stat->nr_elements;
	return 0;
}

static int read_stats(struct reader *reader, const json_t *stats)
{
	struct recording *rec = reader->rec;
	size_t i;
	int err;

	if (!json_is_array(stats) || json_array_size(stats) > MAX_STATS)
		return broken(reader, "\"statistics\" is no list of statistics");
	rec->stats = calloc(json_array_size(stats) + 1, sizeof(*rec->stats));
	if (!rec->stats)
		return no_memory(reader);
	for (i = 0; i < json_array_size(stats); i++) {
		err = read_stat(reader, json_array_get(stats, i), &rec->stats[i]);
		if (err)
			return err;
		rec->nr_stats++;
	}
	return 0;
}

static int read_header(struct reader *reader, const json_t *object)
{
	struct recording *rec = reader->rec;
	const char *kind = json_string_value(json_object_get(object, "exitstat"));
	uint64_t version, started;
	int err;

	if (!kind || strcmp(kind, "recording") != 0 ||
	    get_u64(object, "version", UINT32_MAX, &version))
		return fail(reader, -EBADMSG, "is no recording of exitstat");
	if (version != RECORDING_VERSION)
		return fail(reader, -ENOTSUP,
			    "is a recording of version %" PRIu64
			    ", this program reads version %d",
			    version, RECORDING_VERSION);
	if (get_u32(object, "reasons", UINT32_MAX, &rec->reasons) ||
	    get_u32(object, "vcpus", UINT32_MAX, &rec->nr_vcpus) ||
	    get_u64(object, "tsc_hz", INT64_MAX, &rec->tsc_hz) ||
	    get_seconds(object, "interval", &rec->interval) ||
	    get_u64(object, "started", (uint64_t)1 << 40, &started))
		return broken(reader, "the header lacks a member, or has a wrong one");
	rec->started = (time_t)started;
	err = read_command(reader, json_object_get(object, "command"));
	return err ? err : read_stats(reader, json_object_get(object, "statistics"));
}

/* --- a sample ------------------------------------------------------------- */

static int read_value(const json_t *value, uint64_t *to, size_t elements)
{
	size_t i;

	if (elements == 1) {
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return -1;
		*to = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (!json_is_array(value) || json_array_size(value) != elements)
		return -1;
	for (i = 0; i < elements; i++)
		if (read_value(json_array_get(value, i), to + i, 1))
			return -1;
	return 0;
}

static int read_values(struct reader *reader, const json_t *object,
		       uint32_t kind, uint64_t *values)
{
	const struct recording *rec = reader->rec;
	size_t i;

	for (i = 0; i < rec->nr_stats; i++) {
		const struct exitstat_stat *stat = &rec->stats[i];

		if (stat->kind == kind &&
		    read_value(json_object_get(object, stat->name),
			       values + stat->first, stat->nr_elements))
			return broken(reader, "a statistic of the header has no sound value");
	}
	return 0;
}

static uint64_t *new_values(size_t nr)
{
	return calloc(nr + 1, sizeof(uint64_t));
}

static int read_row(struct reader *reader, const json_t *object,
		    struct recording_row *row)
{
	if (get_name(object, "reason", row->name, sizeof(row->name)) ||
	    get_u32(object, "slot", UINT32_MAX, &row->slot) ||
	    get_u32(object, "code", UINT32_MAX, &row->code) ||
	    get_u64(object, "exits", INT64_MAX, &row->exits) ||
	    get_u64(object, "cycles", INT64_MAX, &row->cycles))
		return broken(reader, "a row lacks a member, or has a wrong one");
	row->values = new_values(reader->rec->nr_row_values);
	if (!row->values)
		return no_memory(reader);
	return read_values(reader, json_object_get(object, "values"),
			   KVM_EXIT_STATS_KIND_ROW, row->values);
}

static int read_rows(struct reader *reader, const json_t *rows,
		     struct recording_sample *sample)
{
	size_t i;
	int err;

	if (!json_is_array(rows) || json_array_size(rows) > MAX_ROWS)
		return broken(reader, "\"rows\" is no list of rows");
	sample->rows = calloc(json_array_size(rows) + 1, sizeof(*sample->rows));
	if (!sample->rows)
		return no_memory(reader);
	for (i = 0; i < json_array_size(rows); i++) {
		sample->nr_rows++;
		err = read_row(reader, json_array_get(rows, i), &sample->rows[i]);
		if (err)
			return err;
		if (i && sample->rows[i].slot <= sample->rows[i - 1].slot)
			return broken(reader, "the rows are not in order of slots");
	}
	return 0;
}

static int read_instance(const json_t *object, uint64_t *instance)
{
	const char *text = json_string_value(json_object_get(object, "instance"));

	if (!text || strlen(text) != 16 ||
	    strspn(text, "0123456789abcdef") != 16)
		return -1;
	*instance = strtoull(text, NULL, 16);
	return 0;
}

const struct recording_row *recording_row(const struct recording_sample *sample,
					  uint32_t slot)
{
	size_t i;

	for (i = 0; i < sample->nr_rows; i++)
		if (sample->rows[i].slot == slot)
			return &sample->rows[i];
	return NULL;
}

/* Counters of one instance do not go backwards. */
static int check_order(struct reader *reader, const struct recording_sample *now)
{
	const struct recording_sample *before = now - 1;
	size_t i;

	if (now == reader->rec->samples)
		return 0;
	if (now->seconds < before->seconds)
		return broken(reader, "the sample is older than the one before");
	if (now->instance != before->instance ||
	    now->features != before->features)
		return 0;
	if (now->own < before->own)
		return broken(reader, "\"own\" goes backwards");
	for (i = 0; i < before->nr_rows; i++) {
		const struct recording_row *old = &before->rows[i];
		const struct recording_row *row = recording_row(now, old->slot);

		/* A row may go when the host begins to hide it. */
		if (row && (row->exits < old->exits || row->cycles < old->cycles))
			return broken(reader, "a counter goes backwards");
	}
	return 0;
}

static int read_sample(struct reader *reader, const json_t *object)
{
	struct recording *rec = reader->rec;
	struct recording_sample *sample;
	uint64_t number;
	int err;

	if (rec->nr_samples == reader->room_samples) {
		size_t room = reader->room_samples ? 2 * reader->room_samples : 64;

		sample = reallocarray(rec->samples, room, sizeof(*sample));
		if (!sample)
			return no_memory(reader);
		rec->samples = sample;
		reader->room_samples = room;
	}
	sample = &rec->samples[rec->nr_samples];
	memset(sample, 0, sizeof(*sample));
	if (get_u64(object, "n", INT64_MAX, &number) || number != rec->nr_samples)
		return broken(reader, "is not the sample that is next");
	/* From here on it has memory of its own, whatever becomes of it. */
	rec->nr_samples++;
	if (get_seconds(object, "t", &sample->seconds) ||
	    read_instance(object, &sample->instance) ||
	    get_u32(object, "features", UINT32_MAX, &sample->features) ||
	    get_u64(object, "own", INT64_MAX, &sample->own))
		return broken(reader, "the sample lacks a member, or has a wrong one");
	sample->vcpu_values = new_values(rec->nr_vcpu_values);
	if (!sample->vcpu_values)
		return no_memory(reader);
	err = read_rows(reader, json_object_get(object, "rows"), sample);
	if (!err)
		err = read_values(reader, json_object_get(object, "values"),
				  KVM_EXIT_STATS_KIND_VCPU, sample->vcpu_values);
	return err ? err : check_order(reader, sample);
}

static int read_end(struct reader *reader, const json_t *object)
{
	struct recording *rec = reader->rec;
	uint64_t samples, status;

	if (get_name(object, "end", rec->end, sizeof(rec->end)) ||
	    get_u64(object, "samples", INT64_MAX, &samples))
		return broken(reader, "the last line lacks a member, or has a wrong one");
	if (samples != rec->nr_samples)
		return broken(reader, "the number of samples is not the one at the end");
	if (!get_u64(object, "status", 255, &status))
		rec->status = (int)status;
	return 0;
}

/* --- the file ------------------------------------------------------------- */

static int read_object(struct reader *reader, const json_t *object)
{
	if (reader->line_nr == 1)
		return read_header(reader, object);
	if (reader->rec->end[0])
		return broken(reader, "something follows the last line");
	if (json_object_get(object, "end"))
		return read_end(reader, object);
	return read_sample(reader, object);
}

static int cut_off(struct reader *reader)
{
	size_t samples = reader->rec->nr_samples;

	if (!samples)
		return fail(reader, -EMSGSIZE, "is cut off before its first sample");
	return fail(reader, -EMSGSIZE, "is cut off after %zu sample%s", samples,
		    samples == 1 ? "" : "s");
}

static int read_lines(struct reader *reader)
{
	json_error_t error;
	json_t *object;
	int more, err;

	while ((more = next_line(reader)) > 0) {
		object = json_loadb(reader->line, reader->length,
				    JSON_REJECT_DUPLICATES, &error);
		if (!json_is_object(object)) {
			json_decref(object);
			if (reader->line_nr == 1)
				return fail(reader, -EBADMSG,
					    "is no recording of exitstat");
			return broken(reader, "is no JSON object");
		}
		err = read_object(reader, object);
		json_decref(object);
		if (err)
			return err;
	}
	if (more < 0)
		return more;
	if (reader->line_nr == 1 && !reader->length)
		return fail(reader, -EBADMSG, "is empty");
	if (reader->line_nr == 1)
		return fail(reader, -EBADMSG, "is no recording of exitstat");
	if (!reader->rec->end[0] || reader->length)
		return cut_off(reader);
	if (!reader->rec->nr_samples)
		return fail(reader, -EBADMSG, "has no samples");
	return 0;
}

int recording_read(FILE *in, struct recording **rec, char *why, size_t size)
{
	struct reader reader = { .in = in, .why = why, .why_size = size };
	int err;

	*rec = NULL;
	why[0] = '\0';
	reader.rec = calloc(1, sizeof(*reader.rec));
	if (!reader.rec)
		return no_memory(&reader);
	reader.rec->status = -1;
	err = read_lines(&reader);
	free(reader.line);
	if (!err || (err == -EMSGSIZE && reader.rec->nr_samples))
		*rec = reader.rec;
	else
		recording_free(reader.rec);
	return err;
}

void recording_free(struct recording *rec)
{
	size_t i, j;

	if (!rec)
		return;
	for (i = 0; i < rec->nr_samples; i++) {
		for (j = 0; j < rec->samples[i].nr_rows; j++)
			free(rec->samples[i].rows[j].values);
		free(rec->samples[i].rows);
		free(rec->samples[i].vcpu_values);
	}
	free(rec->samples);
	free(rec->stats);
	free(rec->command);
	free(rec);
}

const struct exitstat_stat *recording_stat(const struct recording *rec,
					   uint32_t number)
{
	size_t i;

	for (i = 0; i < rec->nr_stats; i++)
		if (rec->stats[i].number == number)
			return &rec->stats[i];
	return NULL;
}
