/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table that is printed as text, as CSV or as JSON: the same cells each time.
 *
 * Debian has libsmartcols as a shared library only, and a guest gets one static
 * file, so the columns of the text are our own.
 */
#ifndef EXITSTAT_GRID_H
#define EXITSTAT_GRID_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct grid_column {
	const char *title;	/* in text; NULL: not in text */
	const char *key;	/* in CSV and JSON; NULL: not there */
	int right;		/* flush right, for numbers */
	int decimals;		/* of a real number in text */
};

struct grid;

/* The columns and their strings are copied.  NULL: out of memory. */
struct grid *grid_new(const struct grid_column *columns, size_t nr_columns);
void grid_free(struct grid *grid);

/* The next cell: row by row, from left to right.  None is "-", "" or null. */
void grid_text(struct grid *grid, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void grid_count(struct grid *grid, uint64_t count);
void grid_real(struct grid *grid, double real);
void grid_none(struct grid *grid);
/* None, if the whole is nothing. */
void grid_percent(struct grid *grid, uint64_t part, uint64_t whole);

/* In CSV and JSON this value, in text that one; both are copied. */
void grid_value(struct grid *grid, json_t *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The row that begins now is set off in text: a sum. */
void grid_strong(struct grid *grid);

size_t grid_rows(const struct grid *grid);

/*
 * -ENOMEM if a cell was lost; write errors stay with the stream.
 * colour: with escape sequences.
 */
int grid_print_text(const struct grid *grid, FILE *out, int colour);
int grid_print_csv(const struct grid *grid, FILE *out, const char *separator,
		   int names);

/* A new object of the row's keys; NULL: out of memory. */
json_t *grid_row_json(const struct grid *grid, size_t row);
/* A new array of all rows. */
json_t *grid_json(const struct grid *grid);

/* Columns of a terminal; 0: none, or it does not tell */
int width_of(FILE *out);

/* A terminal that can do it, and nobody objects (NO_COLOR). */
int wants_colour(FILE *out);

#endif /* EXITSTAT_GRID_H */
