/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A text table: columns as wide as their widest cell.
 *
 * Debian has libsmartcols as a shared library only, and a guest gets one
 * static file, so this little is our own.
 */
#ifndef EXITSTAT_TABLE_H
#define EXITSTAT_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table_column {
	const char *name;
	int right;	/* flush right, for numbers */
};

struct table;

/* The columns must outlive the table.  NULL: out of memory. */
struct table *table_new(const struct table_column *columns, size_t nr_columns);
void table_free(struct table *table);

/* The next cell: row by row, from left to right. */
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* -ENOMEM if a cell was lost; write errors stay with the stream. */
int table_print(const struct table *table, FILE *out);

#endif /* EXITSTAT_TABLE_H */
