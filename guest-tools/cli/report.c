// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "kvm_exit_stats.h"
#include "report.h"
#include "table.h"

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int dearer(const void *a, const void *b)
{
	const struct exitstat_row *row = a, *other = b;
	int order = compare(other->cycles, row->cycles);

	if (!order)
		order = compare(other->exits, row->exits);
	if (!order)
		order = compare(row->slot, other->slot);
	return order;
}

void report_sort(struct exitstat_snapshot *snap)
{
	if (snap->nr_rows)
		qsort(snap->rows, snap->nr_rows, sizeof(*snap->rows), dearer);
}

static void heading(FILE *out, const struct exitstat_info *info)
{
	fputs("VM exits of the whole VM since it was started", out);
	fputs(" (or restored, or migrated)\n", out);

	fprintf(out, "%u vCPU%s, ", info->nr_vcpus,
		info->nr_vcpus == 1 ? "" : "s");
	switch (info->reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		fputs("Intel VMX, ", out);
		break;
	case KVM_EXIT_STATS_NS_SVM:
		fputs("AMD SVM, ", out);
		break;
	default:
		fprintf(out, "codes of kind %u (unknown), ", info->reasons);
	}
	if (info->tsc_hz)
		fprintf(out, "TSC %.3f MHz; ", (double)info->tsc_hz / 1e6);
	else
		fputs("TSC frequency unknown; ", out);
	fputs("cycles spent processing, idle left out\n", out);

	if (info->features & KVM_EXIT_STATS_FEAT_HIDE_ASYNC)
		fputs("The host hides exits that it causes itself (INTR, NMI)\n",
		      out);
	fputc('\n', out);
}

static void share_cell(struct table *table, uint64_t part, uint64_t whole)
{
	if (whole)
		table_cell(table, "%.2f", 100.0 * (double)part / (double)whole);
	else
		table_cell(table, "-");
}

static void number_cells(struct table *table, unsigned long long exits,
			 unsigned long long cycles,
			 const struct exitstat_snapshot *snap)
{
	table_cell(table, "%llu", exits);
	share_cell(table, exits, snap->exits);
	table_cell(table, "%llu", cycles);
	if (exits)
		table_cell(table, "%llu", cycles / exits);
	else
		table_cell(table, "-");
	share_cell(table, cycles, snap->cycles);
}

/* One who counts exits must know which are his own. */
static void footer(FILE *out, unsigned long long all,
		   unsigned long long snapshot)
{
	fprintf(out, "\nThis reading caused %llu CPUID exits: ", all);
	fprintf(out, "%llu to probe the host, ", all - snapshot);
	fprintf(out, "%llu for the snapshot\n", snapshot);
}

int report_text(FILE *out, const struct exitstat *es,
		const struct exitstat_snapshot *snap)
{
	static const struct table_column columns[] = {
		{ "REASON", 0 },
		{ "CODE", 0 },
		{ "EXITS", 1 },
		{ "EXITS%", 1 },
		{ "CYCLES", 1 },
		{ "MEAN", 1 },
		{ "CYCLES%", 1 },
	};
	char name[EXITSTAT_NAME_SIZE];
	const struct exitstat_row *row;
	struct table *table;
	size_t i;
	int err;

	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	if (!table)
		return -ENOMEM;

	for (i = 0; i < snap->nr_rows; i++) {
		row = &snap->rows[i];
		table_cell(table, "%s",
			   exitstat_name(es, row, name, sizeof(name)));
		if (row->slot)
			table_cell(table, "0x%x", row->code);
		else
			table_cell(table, "-");
		number_cells(table, row->exits, row->cycles, snap);
	}
	table_cell(table, "TOTAL");
	table_cell(table, "-");
	number_cells(table, snap->exits, snap->cycles, snap);

	heading(out, exitstat_info(es));
	err = table_print(table, out);
	table_free(table);
	footer(out, exitstat_own_exits(es), snap->own_exits);
	return err;
}
