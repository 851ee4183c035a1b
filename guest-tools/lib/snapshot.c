// SPDX-License-Identifier: GPL-2.0-only
/* All rows that are not zero, in as few exits as the interface allows. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "internal.h"
#include "kvm_exit_stats.h"

#define GROUP	128u	/* slots in an answer of KVM_EXIT_STATS_BITMAP */
#define TRIES	3

/* What the user is told */
#define WHY_NO_ROW \
	"the host counts in row %u, which leaf 0x%08x says it does not have"
#define WHY_RESTARTED \
	"the counters restarted during each of %d readings: is this VM being migrated?"
#define WHY_NO_VALUE \
	"the host has no value for statistic %u of row %u, which it says it keeps"
#define WHY_NO_SCOPE \
	"the host tells no statistics of a single vCPU"

/* What a snapshot is taken of. */
struct reading {
	struct exitstat *es;
	struct exitstat_snapshot *snap;
	const struct exitstat_stat *stats;
	size_t nr_stats;
	unsigned int with;
	uint32_t scope; /* KVM_EXIT_STATS_THIS_VCPU or 0 */
	uint32_t cpuid_slot;
};

/* Slots are ABI, so our lists know most codes without asking. */
int exitstat_code(struct exitstat *es, uint32_t slot, uint32_t *code)
{
	const struct exitstat_known *known;
	struct exitstat_regs regs;
	uint32_t late;

	if (slot >= es->info.nr_rows)
		return exitstat_fail(es, -EINVAL, "the host has no row %u", slot);

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

/*
 * Whatever counts CPUID's exits counts this one, too: what was read holds our
 * own exits up to this moment.
 */
static void note_own(struct reading *reading, uint32_t slot)
{
	struct exitstat_snapshot *snap = reading->snap;
	struct exitstat *es = reading->es;

	if (slot != reading->cpuid_slot && slot != EXITSTAT_ALL_ROWS)
		return;
	if (!reading->scope)
		snap->own_counted = es->own_exits;
	else if ((size_t)snap->vcpu < es->nr_own_on)
		snap->own_counted = es->own_on[snap->vcpu];
}

static int ask_value(struct reading *reading, uint32_t slot, uint32_t number,
		     uint32_t element, uint64_t *value)
{
	struct exitstat_regs regs;
	uint32_t selector;

	selector = KVM_EXIT_STATS_SELECT_ELEMENT(slot, number, element) |
		   reading->scope;
	regs = exitstat_ask(reading->es, KVM_EXIT_STATS_VALUE, selector);
	if (regs.ecx != 1)
		return exitstat_fail(reading->es, -EPROTO, WHY_NO_VALUE, number,
				     slot);
	*value = exitstat_u64(regs.eax, regs.ebx);
	if (number == KVM_EXIT_STAT_EXITS)
		note_own(reading, slot);
	return 0;
}

static int wanted(const struct reading *reading,
		  const struct exitstat_stat *stat)
{
	unsigned int with = stat->nr_elements > 1 ? EXITSTAT_WITH_HISTOGRAMS :
						    EXITSTAT_WITH_ROW_STATS;

	return reading->with & with;
}

static int ask_values(struct reading *reading, struct exitstat_row *row)
{
	struct exitstat_snapshot *snap = reading->snap;
	uint64_t kernel = 0, user = 0;
	uint32_t element;
	size_t i;
	int err;

	row->values = calloc(snap->nr_values, sizeof(*row->values));
	if (!row->values)
		return exitstat_no_memory(reading->es);

	for (i = 0; i < reading->nr_stats; i++) {
		const struct exitstat_stat *stat = &reading->stats[i];
		uint64_t *value = row->values + stat->first;

		if (stat->kind != KVM_EXIT_STATS_KIND_ROW ||
		    !wanted(reading, stat))
			continue;
		for (element = 0; element < stat->nr_elements; element++) {
			err = ask_value(reading, row->slot, stat->number,
					element, value + element);
			if (err)
				return err;
		}
		if (stat->number == KVM_EXIT_STAT_EXITS)
			row->exits = *value;
		else if (stat->number == KVM_EXIT_STAT_KERNEL)
			kernel = *value;
		else if (stat->number == KVM_EXIT_STAT_USER)
			user = *value;
	}
	if (reading->with & EXITSTAT_WITH_ROW_STATS)
		row->cycles = kernel + user;
	return 0;
}

/* Exits and cycles alone: an exit for both if it is the whole VM's. */
static int ask_sum(struct reading *reading, struct exitstat_row *row)
{
	struct exitstat_regs regs;
	uint64_t kernel, user;
	int err;

	if (!reading->scope && row->slot != EXITSTAT_ALL_ROWS) {
		regs = exitstat_ask(reading->es, KVM_EXIT_STATS_ROW_SUM,
				    row->slot);
		row->exits = exitstat_u64(regs.eax, regs.ebx);
		row->cycles = exitstat_u64(regs.ecx, regs.edx);
		note_own(reading, row->slot);
		return 0;
	}
	err = ask_value(reading, row->slot, KVM_EXIT_STAT_EXITS, 0, &row->exits);
	if (!err)
		err = ask_value(reading, row->slot, KVM_EXIT_STAT_KERNEL, 0,
				&kernel);
	if (!err)
		err = ask_value(reading, row->slot, KVM_EXIT_STAT_USER, 0, &user);
	if (!err)
		row->cycles = kernel + user;
	return err;
}

static int is_zero(const struct exitstat_snapshot *snap,
		   const struct exitstat_row *row)
{
	size_t i;

	for (i = 0; row->values && i < snap->nr_values; i++) {
		if (row->values[i])
			return 0;
	}
	return !row->exits && !row->cycles;
}

static int add_row(struct reading *reading, uint32_t slot)
{
	struct exitstat_snapshot *snap = reading->snap;
	struct exitstat_row *row = &snap->rows[snap->nr_rows];
	int err = 0;

	row->slot = slot;
	if (slot != EXITSTAT_ALL_ROWS)
		err = exitstat_code(reading->es, slot, &row->code);
	if (!err && !(reading->with & EXITSTAT_WITH_ROW_STATS))
		err = ask_sum(reading, row);
	if (!err && snap->nr_values)
		err = ask_values(reading, row);
	/* Not zero in the bitmap for another statistic, or another vCPU. */
	if (err || is_zero(snap, row)) {
		free(row->values);
		row->values = NULL;
		return err;
	}

	snap->exits += row->exits;
	snap->cycles += row->cycles;
	snap->nr_rows++;
	return 0;
}

static void free_rows(struct exitstat_snapshot *snap)
{
	size_t i;

	for (i = 0; i < snap->nr_rows; i++)
		free(snap->rows[i].values);
	free(snap->rows);
	free(snap->vcpu_values);
	snap->rows = NULL;
	snap->vcpu_values = NULL;
	snap->nr_rows = 0;
}

static int read_rows(struct reading *reading)
{
	struct exitstat_snapshot *snap = reading->snap;
	struct exitstat *es = reading->es;
	uint32_t nr_rows = es->info.nr_rows;
	uint32_t first, i;
	int err;

	snap->exits = 0;
	snap->cycles = 0;
	snap->rows = calloc(nr_rows, sizeof(*snap->rows));
	if (!snap->rows)
		return exitstat_no_memory(es);
	if (reading->with & EXITSTAT_SUMS_ONLY)
		return add_row(reading, EXITSTAT_ALL_ROWS);

	for (first = 0; first < nr_rows; first += GROUP) {
		struct exitstat_regs regs =
			exitstat_ask(es, KVM_EXIT_STATS_BITMAP, first / GROUP);
		uint32_t words[4] = { regs.eax, regs.ebx, regs.ecx, regs.edx };

		for (i = 0; i < GROUP && first + i < nr_rows; i++) {
			if (!(words[i / 32] >> i % 32 & 1))
				continue;
			err = add_row(reading, first + i);
			if (err)
				return err;
		}
	}
	return 0;
}

static int read_vcpu_values(struct reading *reading)
{
	struct exitstat_snapshot *snap = reading->snap;
	uint32_t element;
	size_t i;
	int err;

	snap->vcpu_values = calloc(snap->nr_vcpu_values + 1,
				   sizeof(*snap->vcpu_values));
	if (!snap->vcpu_values)
		return exitstat_no_memory(reading->es);
	for (i = 0; i < reading->nr_stats; i++) {
		const struct exitstat_stat *stat = &reading->stats[i];
		uint64_t *value = snap->vcpu_values + stat->first;

		if (stat->kind != KVM_EXIT_STATS_KIND_VCPU)
			continue;
		for (element = 0; element < stat->nr_elements; element++) {
			err = ask_value(reading, EXITSTAT_ALL_ROWS, stat->number,
					element, value + element);
			if (err)
				return err;
		}
	}
	return 0;
}

static int plan(struct reading *reading, const struct exitstat_query *query)
{
	const unsigned int described = EXITSTAT_WITH_ROW_STATS |
				       EXITSTAT_WITH_HISTOGRAMS |
				       EXITSTAT_WITH_VCPU_STATS;
	struct exitstat_snapshot *snap = reading->snap;
	struct exitstat *es = reading->es;
	int err;

	reading->with = query->with;
	reading->cpuid_slot = exitstat_cpuid_slot(es->info.reasons);
	snap->nr_values = 0;
	snap->nr_vcpu_values = 0;
	if (query->vcpu != EXITSTAT_WHOLE_VM) {
		reading->scope = KVM_EXIT_STATS_THIS_VCPU;
		if (!(es->info.features & KVM_EXIT_STATS_FEAT_VALUE))
			return exitstat_fail(es, -EOPNOTSUPP, WHY_NO_SCOPE);
	}
	if (!(query->with & described))
		return 0;
	err = exitstat_stats(es, &reading->stats, &reading->nr_stats);
	if (err)
		return err;
	if (query->with & (EXITSTAT_WITH_ROW_STATS | EXITSTAT_WITH_HISTOGRAMS))
		snap->nr_values = es->nr_row_values;
	if (query->with & EXITSTAT_WITH_VCPU_STATS)
		snap->nr_vcpu_values = es->nr_vcpu_values;
	return 0;
}

/* Once; the caller looks whether it was in one life of the counters. */
static int read_once(struct reading *reading,
		     const struct exitstat_query *query)
{
	struct exitstat_snapshot *snap = reading->snap;
	struct exitstat *es = reading->es;
	struct exitstat_regs regs;
	struct timespec now;
	int err;

	free_rows(snap);
	err = plan(reading, query);
	if (err)
		return err;
	snap->cpu = -1;
	if (query->vcpu != EXITSTAT_WHOLE_VM) {
		err = exitstat_go_to_vcpu(es, query->vcpu, &snap->cpu);
		if (err)
			return err;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	snap->nanoseconds = (uint64_t)now.tv_sec * 1000000000u +
			    (uint64_t)now.tv_nsec;

	err = read_rows(reading);
	if (!err && (query->with & EXITSTAT_WITH_VCPU_STATS))
		err = read_vcpu_values(reading);
	if (!err) {
		/* Which rows are hidden may change while the VM runs. */
		regs = exitstat_ask(es, KVM_EXIT_STATS_INFO,
				    KVM_EXIT_STATS_INFO_ABI);
		snap->features = regs.ebx;
		snap->instance = exitstat_ask_instance(es);
	}
	if (query->vcpu != EXITSTAT_WHOLE_VM)
		exitstat_pin(es, -1);
	return err;
}

int exitstat_read(struct exitstat *es, const struct exitstat_query *query,
		  struct exitstat_snapshot **result)
{
	uint64_t own_exits = es->own_exits;
	struct reading reading = { .es = es };
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
		return exitstat_no_memory(es);
	reading.snap = snap;
	snap->vcpu = query->vcpu;

	for (tries = 0; tries < TRIES; tries++) {
		err = read_once(&reading, query);
		/*
		 * Unchanged since before the first row: all of them belong to
		 * one life of the counters.  Else the VM has moved, perhaps to
		 * a host with other rows, or with none.
		 */
		if (!err && snap->instance == es->info.instance) {
			es->info.features = snap->features;
			snap->own_exits = es->own_exits - own_exits;
			*result = snap;
			return 0;
		}
		if (err && err != -EPROTO)
			goto fail;
		if (err && exitstat_ask_instance(es) == es->info.instance)
			goto fail;
		err = exitstat_load(es);
		if (err)
			goto fail;
	}
	err = exitstat_fail(es, -EAGAIN, WHY_RESTARTED, TRIES);
fail:
	exitstat_snapshot_free(snap);
	return err;
}

int exitstat_snapshot(struct exitstat *es, struct exitstat_snapshot **snap)
{
	static const struct exitstat_query query = { EXITSTAT_WHOLE_VM, 0 };

	return exitstat_read(es, &query, snap);
}

void exitstat_snapshot_free(struct exitstat_snapshot *snap)
{
	if (!snap)
		return;
	free_rows(snap);
	free(snap);
}
