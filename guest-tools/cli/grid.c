// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "grid.h"

#define BOLD	"\033[1m"
#define PLAIN	"\033[0m"

struct cell {
	char *text;
	json_t *value;
};

struct grid {
	struct grid_column *columns;
	size_t nr_columns;
	struct cell *cells;
	size_t nr_cells;
	size_t room;
	size_t *strong; /* rows */
	size_t nr_strong;
	int lost;
};

static int copy_string(const char **copy, const char *string)
{
	*copy = string ? strdup(string) : NULL;
	return string && !*copy ? -ENOMEM : 0;
}

struct grid *grid_new(const struct grid_column *columns, size_t nr_columns)
{
	struct grid *grid = calloc(1, sizeof(*grid));
	size_t i;

	if (!grid)
		return NULL;
	grid->columns = calloc(nr_columns, sizeof(*columns));
	if (!grid->columns) {
		free(grid);
		return NULL;
	}
	grid->nr_columns = nr_columns;
	for (i = 0; i < nr_columns; i++) {
		struct grid_column *column = &grid->columns[i];

		column->right = columns[i].right;
		column->decimals = columns[i].decimals;
		if (copy_string(&column->title, columns[i].title) ||
		    copy_string(&column->key, columns[i].key)) {
			grid_free(grid);
			return NULL;
		}
	}
	return grid;
}

void grid_free(struct grid *grid)
{
	size_t i;

	if (!grid)
		return;
	for (i = 0; i < grid->nr_cells; i++) {
		free(grid->cells[i].text);
		json_decref(grid->cells[i].value);
	}
	for (i = 0; i < grid->nr_columns; i++) {
		free((char *)grid->columns[i].title);
		free((char *)grid->columns[i].key);
	}
	free(grid->cells);
	free(grid->strong);
	free(grid->columns);
	free(grid);
}

static int make_room(struct grid *grid)
{
	size_t room = grid->room ? 2 * grid->room : 128;
	struct cell *cells;

	if (grid->nr_cells < grid->room)
		return 0;
	cells = reallocarray(grid->cells, room, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	grid->cells = cells;
	grid->room = room;
	return 0;
}

/* Takes both. */
static void add(struct grid *grid, char *text, json_t *value)
{
	if (!text || !value || make_room(grid)) {
		grid->lost = 1;
		free(text);
		json_decref(value);
		return;
	}
	grid->cells[grid->nr_cells].text = text;
	grid->cells[grid->nr_cells].value = value;
	grid->nr_cells++;
}

static char *format_text(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

void grid_value(struct grid *grid, json_t *value, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	add(grid, text, value);
}

void grid_text(struct grid *grid, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	add(grid, text, text ? json_string(text) : NULL);
}

/* JSON's integers have a sign here; 2^63 cycles are a hundred years. */
static json_t *integer(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

void grid_count(struct grid *grid, uint64_t count)
{
	grid_value(grid, integer(count), "%llu", (unsigned long long)count);
}

void grid_real(struct grid *grid, double real)
{
	size_t column = grid->nr_cells % grid->nr_columns;

	grid_value(grid, json_real(real), "%.*f", grid->columns[column].decimals,
		   real);
}

void grid_none(struct grid *grid)
{
	grid_value(grid, json_null(), "-");
}

void grid_percent(struct grid *grid, uint64_t part, uint64_t whole)
{
	if (whole)
		grid_real(grid, 100.0 * (double)part / (double)whole);
	else
		grid_none(grid);
}

size_t grid_rows(const struct grid *grid)
{
	return grid->nr_cells / grid->nr_columns;
}

void grid_strong(struct grid *grid)
{
	size_t *strong;

	strong = reallocarray(grid->strong, grid->nr_strong + 1, sizeof(*strong));
	if (!strong)
		return;
	strong[grid->nr_strong++] = grid_rows(grid);
	grid->strong = strong;
}

static int is_strong(const struct grid *grid, size_t row)
{
	size_t i;

	for (i = 0; i < grid->nr_strong; i++) {
		if (grid->strong[i] == row)
			return 1;
	}
	return 0;
}

static const char *text_at(const struct grid *grid, size_t row, size_t column)
{
	return grid->cells[row * grid->nr_columns + column].text;
}

/* How wide each column is; NULL: out of memory. */
static int *measure(const struct grid *grid)
{
	int *widths = calloc(grid->nr_columns, sizeof(*widths));
	size_t row, column, len;

	for (column = 0; widths && column < grid->nr_columns; column++) {
		if (!grid->columns[column].title)
			continue;
		widths[column] = (int)strlen(grid->columns[column].title);
		for (row = 0; row < grid_rows(grid); row++) {
			len = strlen(text_at(grid, row, column));
			if ((int)len > widths[column])
				widths[column] = (int)len;
		}
	}
	return widths;
}

static void print_row(const struct grid *grid, FILE *out, const int *widths,
		      size_t row, int head)
{
	const char *gap = "";
	int blanks = 0;
	size_t column;

	for (column = 0; column < grid->nr_columns; column++) {
		const struct grid_column *is = &grid->columns[column];
		const char *text;

		if (!is->title)
			continue;
		text = head ? is->title : text_at(grid, row, column);
		/* Blanks go before what follows, never at the end of a line. */
		fprintf(out, "%s%*s", gap, blanks, "");
		blanks = widths[column] - (int)strlen(text);
		if (is->right) {
			fprintf(out, "%*s", blanks, "");
			blanks = 0;
		}
		fputs(text, out);
		gap = "  ";
	}
}

int grid_print_text(const struct grid *grid, FILE *out, int colour)
{
	const char *begin, *end;
	int *widths, set_off;
	size_t row;

	if (grid->lost)
		return -ENOMEM;
	widths = measure(grid);
	if (!widths)
		return -ENOMEM;

	begin = colour ? BOLD : "";
	end = colour ? PLAIN : "";
	fputs(begin, out);
	print_row(grid, out, widths, 0, 1);
	fprintf(out, "%s\n", end);
	for (row = 0; row < grid_rows(grid); row++) {
		set_off = is_strong(grid, row);
		fputs(set_off ? begin : "", out);
		print_row(grid, out, widths, row, 0);
		fprintf(out, "%s\n", set_off ? end : "");
	}
	free(widths);
	return 0;
}

/* In quotes if it has to be, quotes doubled. */
static void print_quoted(FILE *out, const char *text, const char *separator)
{
	if (!strstr(text, separator) && !strpbrk(text, "\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static int print_value(FILE *out, const json_t *value, const char *separator)
{
	char *dumped;

	if (json_is_null(value))
		return 0;
	if (json_is_string(value)) {
		print_quoted(out, json_string_value(value), separator);
		return 0;
	}
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
					   JSON_REAL_PRECISION(12));
	if (!dumped)
		return -ENOMEM;
	print_quoted(out, dumped, separator);
	free(dumped);
	return 0;
}

int grid_print_csv(const struct grid *grid, FILE *out, const char *separator,
		   int names)
{
	size_t row, column;
	const char *gap;
	int err = 0;

	if (grid->lost)
		return -ENOMEM;
	for (column = 0, gap = ""; names && column < grid->nr_columns; column++) {
		if (!grid->columns[column].key)
			continue;
		fputs(gap, out);
		print_quoted(out, grid->columns[column].key, separator);
		gap = separator;
	}
	if (names)
		putc('\n', out);
	for (row = 0; row < grid_rows(grid) && !err; row++) {
		for (column = 0, gap = ""; column < grid->nr_columns; column++) {
			if (!grid->columns[column].key)
				continue;
			fputs(gap, out);
			err |= print_value(out, grid->cells[row * grid->nr_columns + column].value,
					   separator);
			gap = separator;
		}
		putc('\n', out);
	}
	return err;
}

json_t *grid_row_json(const struct grid *grid, size_t row)
{
	json_t *object = json_object();
	size_t column;

	for (column = 0; object && column < grid->nr_columns; column++) {
		if (!grid->columns[column].key)
			continue;
		if (json_object_set(object, grid->columns[column].key,
				    grid->cells[row * grid->nr_columns + column].value)) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

json_t *grid_json(const struct grid *grid)
{
	json_t *array = grid->lost ? NULL : json_array();
	size_t row;

	for (row = 0; array && row < grid_rows(grid); row++) {
		if (json_array_append_new(array, grid_row_json(grid, row))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

int wants_colour(FILE *out)
{
	const char *objection = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (objection && *objection)
		return 0;
	return isatty(fileno(out)) && terminal && strcmp(terminal, "dumb");
}

int width_of(FILE *out)
{
	struct winsize size;

	return ioctl(fileno(out), TIOCGWINSZ, &size) ? 0 : size.ws_col;
}
