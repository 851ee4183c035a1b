// SPDX-License-Identifier: GPL-2.0-only
/* The table that the kernel prints for a VM or a vCPU in debugfs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define BLANKS	" \t\n"

/* A decimal number and nothing else. */
static int number(const char *word, uint64_t *value)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return -1;
	errno = 0;
	*value = strtoull(word, &end, 10);
	return errno || *end ? -1 : 0;
}

static int copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (length >= size)
		return -1;
	memcpy(to, from, length + 1);
	return 0;
}

/* "# SVM exit reasons, instance 1, 2 Hz, 3 vCPUs"; other comments are for people. */
static void parse_comment(struct host_table *table, const char *line)
{
	unsigned long long instance, hz;
	unsigned int vcpus;
	char vendor[8];

	if (sscanf(line, "# %7s exit reasons, instance %llu, %llu Hz, %u vCPUs",
		   vendor, &instance, &hz, &vcpus) != 4)
		return;
	memcpy(table->vendor, vendor, sizeof(vendor));
	table->instance = instance;
	table->tsc_hz = hz;
	table->vcpus = vcpus;
}

/* "reason code exits kernel ...": the first column is a count, others are cycles. */
static int parse_head(struct host_table *table, char **next)
{
	const char *word = strtok_r(NULL, BLANKS, next);

	if (!word || strcmp(word, "code") || table->nr_columns)
		return -1;
	while ((word = strtok_r(NULL, BLANKS, next))) {
		if (table->nr_columns == MAX_HOST_COLUMNS ||
		    copy(table->column[table->nr_columns].name,
			 sizeof(table->column[0].name), word))
			return -1;
		table->nr_columns++;
	}
	return table->nr_columns && !strcmp(table->column[0].name, "exits") ? 0 : -1;
}

/* "VCPU guest=1 stopped=2 elapsed=3" */
static int parse_times(struct host_table *table, char **next)
{
	char *word, *value;

	while ((word = strtok_r(NULL, BLANKS, next))) {
		value = strchr(word, '=');
		if (!value || table->nr_times == MAX_HOST_TIMES)
			return -1;
		*value++ = '\0';
		if (copy(table->time_name[table->nr_times].name,
			 sizeof(table->time_name[0].name), word) ||
		    number(value, &table->time[table->nr_times]))
			return -1;
		table->nr_times++;
	}
	return table->nr_times ? 0 : -1;
}

static int parse_row(struct host_table *table, const char *reason, char **next)
{
	const char *code = strtok_r(NULL, BLANKS, next);
	struct host_row row = { .reason = "" }, *rows;
	size_t i;

	if (!code || !table->nr_columns || copy(row.reason, sizeof(row.reason), reason))
		return -EBADMSG;
	if (strcmp(code, "-") && copy(row.code, sizeof(row.code), code))
		return -EBADMSG;
	for (i = 0; i < table->nr_columns; i++) {
		if (number(strtok_r(NULL, BLANKS, next), &row.value[i]))
			return -EBADMSG;
	}
	/* A sum is the reader's to make: Prometheus would count it twice. */
	if (!strcmp(reason, "TOTAL"))
		return 0;
	rows = realloc(table->row, (table->nr_rows + 1) * sizeof(row));
	if (!rows)
		return -ENOMEM;
	rows[table->nr_rows++] = row;
	table->row = rows;
	return 0;
}

static int parse_line(struct host_table *table, char *line)
{
	char *next = NULL;
	const char *word;

	if (line[0] == '#') {
		parse_comment(table, line);
		return 0;
	}
	word = strtok_r(line, BLANKS, &next);
	if (!word)
		return 0;
	if (!strcmp(word, "reason"))
		return parse_head(table, &next) ? -EBADMSG : 0;
	if (!strcmp(word, "VCPU"))
		return parse_times(table, &next) ? -EBADMSG : 0;
	return parse_row(table, word, &next);
}

int host_table_read(FILE *in, struct host_table *table)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	memset(table, 0, sizeof(*table));
	while (!err && getline(&line, &size, in) >= 0)
		err = parse_line(table, line);
	free(line);
	if (err)
		return err;
	/* The last line is missing if the VM went away while it was read. */
	return ferror(in) || !table->nr_times || !table->vendor[0] ? -EBADMSG : 0;
}

/* "reason longest 512 1024 ... more": each bucket ends at twice what that before does. */
static int parse_bounds(struct host_table *table, char **next)
{
	const char *word = strtok_r(NULL, BLANKS, next);
	uint64_t bound, expected = 0;

	if (!word || strcmp(word, "longest") || table->nr_buckets)
		return -1;
	while ((word = strtok_r(NULL, BLANKS, next)) && strcmp(word, "more")) {
		if (number(word, &bound) || !bound || (bound & (bound - 1)) ||
		    (expected && bound != expected) ||
		    table->nr_buckets == MAX_HOST_BUCKETS - 1)
			return -1;
		if (!expected)
			table->shift = (uint32_t)__builtin_ctzll(bound);
		expected = 2 * bound;
		table->nr_buckets++;
	}
	if (!word || !table->nr_buckets)
		return -1;
	table->nr_buckets++;
	return 0;
}

static int parse_histogram(struct host_table *table, const char *reason, char **next)
{
	struct host_row row, *found = NULL;
	size_t i;

	if (!table->nr_buckets || number(strtok_r(NULL, BLANKS, next), &row.longest))
		return -1;
	for (i = 0; i < table->nr_buckets; i++) {
		if (number(strtok_r(NULL, BLANKS, next), &row.bucket[i]))
			return -1;
	}
	for (i = 0; i < table->nr_rows && !found; i++) {
		if (!strcmp(table->row[i].reason, reason))
			found = &table->row[i];
	}
	if (found) {
		found->longest = row.longest;
		memcpy(found->bucket, row.bucket, table->nr_buckets * sizeof(row.bucket[0]));
	}
	return 0;
}

int host_histograms_read(FILE *in, struct host_table *table)
{
	char *line = NULL, *next;
	size_t size = 0;
	const char *word;
	int err = 0;

	while (!err && getline(&line, &size, in) >= 0) {
		next = NULL;
		word = line[0] == '#' ? NULL : strtok_r(line, BLANKS, &next);
		if (word && !strcmp(word, "reason"))
			err = parse_bounds(table, &next);
		else if (word)
			err = parse_histogram(table, word, &next);
	}
	free(line);
	if (!err && !ferror(in) && table->nr_buckets)
		return 0;
	table->nr_buckets = 0;
	return -EBADMSG;
}

void host_table_release(struct host_table *table)
{
	free(table->row);
	table->row = NULL;
	table->nr_rows = 0;
}
