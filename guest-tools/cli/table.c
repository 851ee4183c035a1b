// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

struct table {
	const struct table_column *columns;
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
	size_t room;
	int lost;
};

struct table *table_new(const struct table_column *columns, size_t nr_columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table) {
		table->columns = columns;
		table->nr_columns = nr_columns;
	}
	return table;
}

void table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static int make_room(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 128;
	char **cells;

	if (table->nr_cells < table->room)
		return 0;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	table->room = room;
	return 0;
}

void table_cell(struct table *table, const char *format, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		table->lost = 1;
		return;
	}
	if (make_room(table)) {
		table->lost = 1;
		free(text);
		return;
	}
	table->cells[table->nr_cells++] = text;
}

static void print_cell(const struct table *table, FILE *out, size_t column,
		       const char *text, int width)
{
	int last = column == table->nr_columns - 1;

	if (table->columns[column].right)
		fprintf(out, "%*s", width, text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%-*s", width, text);
	fputs(last ? "\n" : "  ", out);
}

int table_print(const struct table *table, FILE *out)
{
	size_t n = table->nr_columns;
	size_t i, len;
	int *widths;

	if (table->lost)
		return -ENOMEM;
	widths = calloc(n, sizeof(*widths));
	if (!widths)
		return -ENOMEM;

	for (i = 0; i < n; i++)
		widths[i] = (int)strlen(table->columns[i].name);
	for (i = 0; i < table->nr_cells; i++) {
		len = strlen(table->cells[i]);
		if ((int)len > widths[i % n])
			widths[i % n] = (int)len;
	}

	for (i = 0; i < n; i++)
		print_cell(table, out, i, table->columns[i].name, widths[i]);
	for (i = 0; i < table->nr_cells; i++)
		print_cell(table, out, i % n, table->cells[i], widths[i % n]);
	free(widths);
	return 0;
}
