// SPDX-License-Identifier: GPL-2.0-only
/* All rows that are not zero, in as few exits as the interface allows. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "kvm_exit_stats.h"

#define GROUP	128u	/* slots in an answer of KVM_EXIT_STATS_BITMAP */
#define TRIES	3

/* What the user is told */
#define WHY_NO_ROW \
	"the host counts in row %u, which leaf 0x%08x says it does not have"
#define WHY_RESTARTED \
	"the counters restarted during each of %d readings: is this VM being migrated?"

/* Slots are ABI, so our lists know most codes without asking. */
static int row_code(struct exitstat *es, uint32_t slot, uint32_t *code)
{
	const struct exitstat_known *known;
	struct exitstat_regs regs;
	uint32_t late;

	known = exitstat_known(es->info.reasons, slot);
	if (known) {
		*code = known->code;
		return 0;
	}

	late = slot - exitstat_nr_known(es->info.reasons);
	if (!es->late_known[late]) {
		regs = exitstat_ask(es, KVM_EXIT_STATS_ROW, slot);
		if (!(regs.ebx & KVM_EXIT_STATS_ROW_VALID))
			return exitstat_fail(es, -EPROTO, WHY_NO_ROW, slot,
					     KVM_EXIT_STATS_ROW);
		es->late_codes[late] = regs.eax;
		es->late_known[late] = 1;
	}
	*code = es->late_codes[late];
	return 0;
}

static int add_row(struct exitstat *es, struct exitstat_snapshot *snap,
		   uint32_t slot)
{
	struct exitstat_row *row = &snap->rows[snap->nr_rows];
	struct exitstat_regs regs;
	int err;

	row->slot = slot;
	err = row_code(es, slot, &row->code);
	if (err)
		return err;

	regs = exitstat_ask(es, KVM_EXIT_STATS_ROW_SUM, slot);
	row->exits = exitstat_u64(regs.eax, regs.ebx);
	row->cycles = exitstat_u64(regs.ecx, regs.edx);
	/* Not zero in the bitmap for a statistic other than these two. */
	if (!row->exits && !row->cycles)
		return 0;

	snap->exits += row->exits;
	snap->cycles += row->cycles;
	snap->nr_rows++;
	return 0;
}

static int read_rows(struct exitstat *es, struct exitstat_snapshot *snap)
{
	uint32_t nr_rows = es->info.nr_rows;
	uint32_t first, i;
	int err;

	snap->exits = 0;
	snap->cycles = 0;
	snap->nr_rows = 0;
	free(snap->rows);
	snap->rows = calloc(nr_rows, sizeof(*snap->rows));
	if (!snap->rows)
		return exitstat_fail(es, -ENOMEM, "out of memory");

	for (first = 0; first < nr_rows; first += GROUP) {
		struct exitstat_regs regs =
			exitstat_ask(es, KVM_EXIT_STATS_BITMAP, first / GROUP);
		uint32_t words[4] = { regs.eax, regs.ebx, regs.ecx, regs.edx };

		for (i = 0; i < GROUP && first + i < nr_rows; i++) {
			if (!(words[i / 32] >> i % 32 & 1))
				continue;
			err = add_row(es, snap, first + i);
			if (err)
				return err;
		}
	}
	return 0;
}

int exitstat_snapshot(struct exitstat *es, struct exitstat_snapshot **result)
{
	uint64_t own_exits = es->own_exits;
	struct exitstat_snapshot *snap;
	int tries, err;

	*result = NULL;
	if (!es->info.nr_rows) {
		/* It could not be opened before; it will say why, or can now. */
		err = exitstat_load(es);
		if (err)
			return err;
	}
	snap = calloc(1, sizeof(*snap));
	if (!snap)
		return exitstat_fail(es, -ENOMEM, "out of memory");

	for (tries = 0; tries < TRIES; tries++) {
		err = read_rows(es, snap);
		if (err)
			goto fail;

		/*
		 * Unchanged since before the first row: all of them belong to
		 * one life of the counters.  Else the VM has moved, perhaps to
		 * a host with other rows, or with none.
		 */
		snap->instance = exitstat_ask_instance(es);
		if (snap->instance == es->info.instance) {
			snap->own_exits = es->own_exits - own_exits;
			*result = snap;
			return 0;
		}
		err = exitstat_load(es);
		if (err)
			goto fail;
	}
	err = exitstat_fail(es, -EAGAIN, WHY_RESTARTED, TRIES);
fail:
	exitstat_snapshot_free(snap);
	return err;
}

void exitstat_snapshot_free(struct exitstat_snapshot *snap)
{
	if (!snap)
		return;
	free(snap->rows);
	free(snap);
}
