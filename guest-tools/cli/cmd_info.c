// SPDX-License-Identifier: GPL-2.0-only
/* exitstat info: what the host offers, or why it offers nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define HELP \
	"Usage: exitstat info [OPTION]...\n" \
	"\n" \
	"Show what the host offers to this guest; if it offers no exit statistics, why,\n" \
	"and what to do about it.\n" \
	"\n" \
	"      --json          JSON; docs/exitstat.schema.json describes it\n" \
	HELP_HELP \
	"\n" \
	"Exit status: 0 the host has exit statistics, 1 it has none, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	LONG_END,
};

static const struct {
	uint32_t bit;
	const char *text;
} features[] = {
	{ KVM_EXIT_STATS_FEAT_VALUE, "every statistic of every row can be read" },
	{ KVM_EXIT_STATS_FEAT_STAT, "statistics describe themselves" },
	{ KVM_EXIT_STATS_FEAT_HIDE_ASYNC,
	  "exits that the host causes are hidden (exit_stats_hide_async)" },
	{ KVM_EXIT_STATS_FEAT_HISTOGRAM, "distributions are kept (exit_stats_histogram)" },
};

static const char *const kinds[] = {
	[EXITSTAT_HOST_READY] = "ready",
	[EXITSTAT_HOST_BARE_METAL] = "no-hypervisor",
	[EXITSTAT_HOST_FOREIGN] = "other-hypervisor",
	[EXITSTAT_HOST_KVM_WITHOUT] = "kvm-without",
};

static const char *unit_name(uint32_t unit)
{
	switch (unit) {
	case KVM_EXIT_STATS_UNIT_COUNT:
		return "count";
	case KVM_EXIT_STATS_UNIT_CYCLES:
		return "cycles";
	default:
		return "unknown";
	}
}

static const char *merge_name(uint32_t merge)
{
	switch (merge) {
	case KVM_EXIT_STATS_MERGE_SUM:
		return "sum";
	case KVM_EXIT_STATS_MERGE_MAX:
		return "max";
	default:
		return "unknown";
	}
}

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case KVM_EXIT_STATS_KIND_ROW:
		return "row";
	case KVM_EXIT_STATS_KIND_VCPU:
		return "vcpu";
	default:
		return "unknown";
	}
}

static void print_features(uint32_t bits)
{
	const char *head = "Features";
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (!(bits & features[i].bit))
			continue;
		printf("%-14s%s\n", head, features[i].text);
		head = "";
		bits &= ~features[i].bit;
	}
	if (bits)
		printf("%-14s0x%x (unknown)\n", head, bits);
}

static void print_stats(struct exitstat *es)
{
	const struct exitstat_stat *stats;
	const char *head = "Statistics";
	size_t nr_stats, i;

	if (exitstat_stats(es, &stats, &nr_stats))
		return;
	for (i = 0; i < nr_stats; i++) {
		printf("%-14s%3u %-10s %s, of each %s", head, stats[i].number,
		       stats[i].name, unit_name(stats[i].unit),
		       kind_name(stats[i].kind));
		if (stats[i].merge == KVM_EXIT_STATS_MERGE_MAX)
			printf(", the highest");
		if (stats[i].nr_elements > 1)
			printf(", %u elements", stats[i].nr_elements);
		putchar('\n');
		head = "";
	}
}

static void print_ready(struct exitstat *es)
{
	const struct exitstat_info *info = exitstat_info(es);
	const char *vendor = vendor_name(info->reasons);

	printf("This host has exit statistics for its guests.\n\n");
	printf("ABI version   %u", info->abi);
	if (info->abi > KVM_EXIT_STATS_ABI_VERSION)
		printf(" (this program was made for %d; all that it knows is there)",
		       KVM_EXIT_STATS_ABI_VERSION);
	printf("\nExit reasons  ");
	if (vendor)
		printf("%s, %u rows\n", vendor, info->nr_rows);
	else
		printf("kind %u (unknown), %u rows\n", info->reasons, info->nr_rows);
	printf("vCPUs         %u\n", info->nr_vcpus);
	if (info->tsc_hz)
		printf("Clock         %.3f MHz\n", (double)info->tsc_hz / 1e6);
	else
		printf("Clock         frequency not known\n");
	printf("Instance      0x%016llx\n", (unsigned long long)info->instance);
	print_features(info->features);
	print_stats(es);
}

static void print_why_not(const struct exitstat *es)
{
	const struct exitstat_host *host = exitstat_host(es);

	printf("There are no exit statistics here: %s.\n", exitstat_reason(es));
	if (host->signature[0])
		printf("\nHypervisor    %s%s\"%s\"\n", host->name,
		       *host->name ? ", " : "", host->signature);
	if (host->kvm_leaf)
		printf("KVM's leaves  from 0x%08x\n", host->kvm_leaf);
}

static json_t *stats_json(struct exitstat *es)
{
	const struct exitstat_stat *stats;
	json_t *array = json_array();
	size_t nr_stats, i;

	if (exitstat_stats(es, &stats, &nr_stats))
		return array;
	for (i = 0; i < nr_stats; i++)
		json_array_append_new(array, json_pack("{s:i, s:s, s:s, s:s, s:s, s:i}",
						       "number", (int)stats[i].number,
						       "name", stats[i].name,
						       "of", kind_name(stats[i].kind),
						       "unit", unit_name(stats[i].unit),
						       "merge", merge_name(stats[i].merge),
						       "elements", (int)stats[i].nr_elements));
	return array;
}

static json_t *to_json(struct exitstat *es, int err)
{
	const struct exitstat_host *host = exitstat_host(es);
	json_t *document = report_head_json(es, "info");

	if (err)
		json_object_set_new(document, "host", json_null());
	json_object_set_new(document, "kind", json_string(kinds[host->kind]));
	json_object_set_new(document, "reason",
			    err ? json_string(exitstat_reason(es)) : json_null());
	json_object_set_new(document, "hypervisor", json_string(host->signature));
	json_object_set_new(document, "statistics", stats_json(es));
	return document;
}

static int show(const struct options *options)
{
	struct exitstat *es;
	int err;

	err = open_exitstat(&es);
	if (err == -ENOMEM) {
		complain("out of memory");
		return EXIT_FAILURE;
	}
	if (options->format == FORMAT_JSON) {
		if (report_dump_json(stdout, to_json(es, err), 0)) {
			complain("out of memory");
			exitstat_close(es);
			return EXIT_FAILURE;
		}
	} else if (err) {
		print_why_not(es);
	} else {
		print_ready(es);
	}
	exitstat_close(es);
	if (finish_output(stdout, NULL))
		return EXIT_FAILURE;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int info_main(int argc, char **argv)
{
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP,
		.longs = longs,
	};

	if (options_next(&options, argc, argv) == OPTIONS_STOP)
		return options.status;
	if (no_operands(argc, argv))
		return EXIT_USAGE;
	return show(&options);
}

const struct command cmd_info = {
	.name = "info",
	.summary = "what the host offers, or why it offers nothing",
	.run = info_main,
};
