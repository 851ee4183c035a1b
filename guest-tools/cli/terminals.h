/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of common terminals, for a guest that has no terminfo database:
 * made from the build machine's database.
 */
#ifndef EXITSTAT_TERMINALS_H
#define EXITSTAT_TERMINALS_H

struct terminal {
	const char *name;		/* as in TERM */
	const char *description;	/* as in TERMINFO: "b64:..." */
};

/* Ends in a NULL name. */
extern const struct terminal terminals[];

#endif /* EXITSTAT_TERMINALS_H */
