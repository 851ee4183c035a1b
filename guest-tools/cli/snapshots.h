/* SPDX-License-Identifier: GPL-2.0-only */
/* What the options ask for: the whole VM at once, or some vCPUs one by one. */
#ifndef EXITSTAT_SNAPSHOTS_H
#define EXITSTAT_SNAPSHOTS_H

#include "lib/libexitstat.h"
#include "options.h"

struct snapshots {
	size_t nr;
	struct exitstat_snapshot **snap;
};

/* How commands open the host; a test has its own. */
extern int (*open_exitstat)(struct exitstat **es);

/* Open, or complain: 0 or a negative errno. */
int open_host(struct exitstat **es);

/* What a table of rows needs with these options, for exitstat_read(). */
unsigned int rows_with(struct exitstat *es, const struct options *options);

/* 0, or a negative errno after a complaint. */
int snapshots_read(struct exitstat *es, const struct options *options,
		   unsigned int with, struct snapshots **snapshots);

/*
 * The same of exitstat_diff().  -ESTALE (the counters restarted) is left to the
 * caller to speak of; exitstat_reason() says what it was.
 */
int snapshots_diff(struct exitstat *es, const struct snapshots *before,
		   const struct snapshots *after, unsigned int flags,
		   struct snapshots **diff);
void snapshots_free(struct snapshots *snapshots);

/* EXITSTAT_LESS_OWN or 0; differences go without our own if not told. */
unsigned int own_flag(const struct options *options, int is_diff);

#endif /* EXITSTAT_SNAPSHOTS_H */
