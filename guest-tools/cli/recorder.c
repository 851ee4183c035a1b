// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/recorder.h"
#include "cli/recording.h"
#include "cli/text.h"
#include "kvm_exit_stats.h"

struct recorder {
	int fd;
	off_t length;		/* whole lines; -1: not a file that can be cut */
	unsigned long samples;
	uint64_t start;		/* nanoseconds of the first sample */
	/* As in the header: a host that the VM is migrated to may have others. */
	struct exitstat_info info;
	struct exitstat_stat *stats;
	size_t nr_stats;
	char why[200];
};

static int fail(struct recorder *recorder, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct recorder *recorder, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(recorder->why, sizeof(recorder->why), format, args);
	va_end(args);
	return error;
}

int recorder_open(struct recorder **recorder, const char *path)
{
	struct recorder *new = calloc(1, sizeof(*new));
	int err;

	*recorder = NULL;
	if (!new)
		return -ENOMEM;
	new->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (new->fd < 0) {
		err = -errno;
		free(new);
		return err;
	}
	/* A pipe has no end to cut off. */
	if (lseek(new->fd, 0, SEEK_CUR) < 0)
		new->length = -1;
	*recorder = new;
	return 0;
}

/* A part of a line is worse than none. */
static int cannot_write(struct recorder *recorder, int error)
{
	if (recorder->length >= 0 &&
	    (ftruncate(recorder->fd, recorder->length) ||
	     lseek(recorder->fd, recorder->length, SEEK_SET) < 0))
		recorder->length = -1;
	return fail(recorder, -error, "%s", strerror(error));
}

static int put_line(struct recorder *recorder, const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
	size_t length, done = 0;
	ssize_t wrote;
	int err = 0;

	if (!text)
		return fail(recorder, -ENOMEM, "out of memory");
	length = strlen(text);
	text[length++] = '\n';	/* where its end was */
	while (done < length) {
		wrote = write(recorder->fd, text + done, length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			err = cannot_write(recorder, wrote < 0 ? errno : EIO);
			break;
		}
		done += (size_t)wrote;
	}
	if (!err && recorder->length >= 0)
		recorder->length += (off_t)length;
	free(text);
	return err;
}

/* jansson's setters take NULL, for out of memory, as a failure of theirs. */
static int put_and_free(struct recorder *recorder, json_t *object, int lost)
{
	int err;

	err = !object || lost ? fail(recorder, -ENOMEM, "out of memory") :
				put_line(recorder, object);
	json_decref(object);
	return err;
}

static int set_number(json_t *object, const char *name, uint64_t number)
{
	return json_object_set_new(object, name, json_integer((json_int_t)number));
}

static json_t *stat_json(const struct exitstat_stat *stat)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "name", stat->name, "number", (json_int_t)stat->number,
			 "kind", (json_int_t)stat->kind, "unit", (json_int_t)stat->unit,
			 "merge", (json_int_t)stat->merge, "shape", (json_int_t)stat->shape,
			 "shift", (json_int_t)stat->shift,
			 "elements", (json_int_t)stat->nr_elements);
}

static json_t *word_json(const char *word)
{
	char *copy = strdup(word);
	json_t *string;

	if (!copy)
		return NULL;
	text_make_utf8(copy);
	string = json_string(copy);
	free(copy);
	return string;
}

static int remember_host(struct recorder *recorder, struct exitstat *es)
{
	const struct exitstat_stat *stats;
	size_t nr_stats;

	/* A host that tells none has no more than exits and cycles. */
	if (exitstat_stats(es, &stats, &nr_stats))
		nr_stats = 0;
	recorder->stats = calloc(nr_stats + 1, sizeof(*stats));
	if (!recorder->stats)
		return fail(recorder, -ENOMEM, "out of memory");
	if (nr_stats)
		memcpy(recorder->stats, stats, nr_stats * sizeof(*stats));
	recorder->nr_stats = nr_stats;
	recorder->info = *exitstat_info(es);
	return 0;
}

static int same_host(const struct recorder *recorder, struct exitstat *es)
{
	const struct exitstat_info *info = exitstat_info(es);
	const struct exitstat_stat *stats;
	size_t nr_stats;

	if (exitstat_stats(es, &stats, &nr_stats))
		nr_stats = 0;
	return info->reasons == recorder->info.reasons &&
	       info->tsc_hz == recorder->info.tsc_hz &&
	       nr_stats == recorder->nr_stats &&
	       (!nr_stats || !memcmp(stats, recorder->stats, nr_stats * sizeof(*stats)));
}

int recorder_begin(struct recorder *recorder, struct exitstat *es, double interval,
		   char *const *command)
{
	const struct exitstat_info *info = exitstat_info(es);
	json_t *header, *list;
	int lost = 0, err;
	size_t i;

	err = remember_host(recorder, es);
	if (err)
		return err;
	header = json_object();
	lost |= json_object_set_new(header, "exitstat", json_string("recording"));
	lost |= set_number(header, "version", RECORDING_VERSION);
	lost |= json_object_set_new(header, "tool", json_string(EXITSTAT_VERSION));
	lost |= set_number(header, "reasons", info->reasons);
	lost |= set_number(header, "vcpus", info->nr_vcpus);
	lost |= set_number(header, "tsc_hz", info->tsc_hz);
	lost |= json_object_set_new(header, "interval", json_real(interval));
	lost |= set_number(header, "started", (uint64_t)time(NULL));
	if (command) {
		list = json_array();
		for (; *command; command++)
			lost |= json_array_append_new(list, word_json(*command));
		lost |= json_object_set_new(header, "command", list);
	}
	list = json_array();
	for (i = 0; i < recorder->nr_stats; i++)
		lost |= json_array_append_new(list, stat_json(&recorder->stats[i]));
	lost |= json_object_set_new(header, "statistics", list);
	return put_and_free(recorder, header, lost);
}

static json_t *value_json(const uint64_t *values, size_t nr)
{
	json_t *array;
	size_t i;

	if (nr == 1)
		return json_integer((json_int_t)*values);
	array = json_array();
	for (i = 0; i < nr; i++) {
		if (json_array_append_new(array, json_integer((json_int_t)values[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *values_json(const struct recorder *recorder, uint32_t kind,
			   const uint64_t *values, size_t nr_values)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; object && values && i < recorder->nr_stats; i++) {
		const struct exitstat_stat *stat = &recorder->stats[i];

		if (stat->kind != kind || stat->first + stat->nr_elements > nr_values)
			continue;
		if (json_object_set_new(object, stat->name,
					value_json(values + stat->first, stat->nr_elements))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *row_json(const struct recorder *recorder, struct exitstat *es,
			const struct exitstat_snapshot *snap,
			const struct exitstat_row *row)
{
	char name[EXITSTAT_NAME_SIZE];
	json_t *values = values_json(recorder, KVM_EXIT_STATS_KIND_ROW, row->values,
				     snap->nr_values);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}",
			 "reason", exitstat_name(es, row, name, sizeof(name)),
			 "slot", (json_int_t)row->slot, "code", (json_int_t)row->code,
			 "exits", (json_int_t)row->exits, "cycles", (json_int_t)row->cycles,
			 "values", values);
}

int recorder_sample(struct recorder *recorder, struct exitstat *es,
		    const struct exitstat_snapshot *snap)
{
	json_t *sample, *rows;
	char instance[17];
	int lost = 0, err;
	size_t i;

	if (!same_host(recorder, es))
		return fail(recorder, -ESTALE,
			    "the VM moved to a host that keeps other statistics");
	sample = json_object();
	rows = json_array();
	if (!recorder->samples)
		recorder->start = snap->nanoseconds;
	snprintf(instance, sizeof(instance), "%016" PRIx64, snap->instance);
	lost |= set_number(sample, "n", recorder->samples);
	lost |= json_object_set_new(sample, "t",
				    json_real((double)(snap->nanoseconds - recorder->start) / 1e9));
	lost |= json_object_set_new(sample, "instance", json_string(instance));
	lost |= set_number(sample, "features", snap->features);
	lost |= set_number(sample, "own", snap->own_counted);
	for (i = 0; i < snap->nr_rows; i++)
		lost |= json_array_append_new(rows, row_json(recorder, es, snap, &snap->rows[i]));
	lost |= json_object_set_new(sample, "rows", rows);
	lost |= json_object_set_new(sample, "values",
				    values_json(recorder, KVM_EXIT_STATS_KIND_VCPU,
						snap->vcpu_values, snap->nr_vcpu_values));
	err = put_and_free(recorder, sample, lost);
	if (!err)
		recorder->samples++;
	return err;
}

int recorder_end(struct recorder *recorder, const char *why, int status)
{
	json_t *end = json_object();
	int lost = 0;

	lost |= json_object_set_new(end, "end", json_string(why));
	lost |= set_number(end, "samples", recorder->samples);
	if (status >= 0)
		lost |= set_number(end, "status", (uint64_t)status);
	return put_and_free(recorder, end, lost);
}

int recorder_close(struct recorder *recorder)
{
	int err = 0;

	/* Not every file can be told to go to a disk: a pipe cannot. */
	if (fsync(recorder->fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	if (close(recorder->fd) && !err)
		err = -errno;
	recorder->fd = -1;
	return err ? fail(recorder, err, "%s", strerror(-err)) : 0;
}

unsigned long recorder_samples(const struct recorder *recorder)
{
	return recorder->samples;
}

const char *recorder_why(const struct recorder *recorder)
{
	return recorder->why;
}

void recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->fd >= 0)
		close(recorder->fd);
	free(recorder->stats);
	free(recorder);
}
