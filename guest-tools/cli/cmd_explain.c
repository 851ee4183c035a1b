// SPDX-License-Identifier: GPL-2.0-only
/* exitstat explain: what a reason means, what it costs, what reduces it. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "explanations.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"
#include "options.h"

enum {
	OPT_LIST = OPT_FIRST_OF_COMMAND,
	OPT_VENDOR,
};

#define HELP \
	"Usage: exitstat explain [--vendor amd|intel] [REASON]...\n" \
	"       exitstat explain [--vendor amd|intel] --list\n" \
	"\n" \
	"Say what causes an exit, what it usually costs and what reduces it.  REASON is\n" \
	"a name, in upper or lower case, or a number.  Without one: the reason that\n" \
	"costs this VM most.  With a REASON no host with exit statistics is needed.\n" \
	"\n" \
	"      --list          names of all reasons\n" \
	"      --vendor NAME   amd or intel; without it, the vendor of this machine's\n" \
	"                      host, or both\n" \
	HELP_HELP

static const uint32_t both[] = { KVM_EXIT_STATS_NS_SVM, KVM_EXIT_STATS_NS_VMX };

#define NR_BOTH (sizeof(both) / sizeof(both[0]))

struct explain {
	uint32_t reasons;	/* 0: both */
	int chosen;		/* by the user */
	struct exitstat *es;
	struct exitstat_snapshot *snap; /* of this VM, if its host is ready */
	size_t width;
};

static const char *vendor(uint32_t reasons)
{
	return reasons == KVM_EXIT_STATS_NS_VMX ? "Intel VMX" : "AMD SVM";
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col < 100 ? size.ws_col : 100;
}

/* Words, wrapped; a newline in the text is a blank like others. */
static void put_wrapped(const char *text, size_t width)
{
	size_t column = 0, length;

	while (*(text += strspn(text, "\n "))) {
		length = strcspn(text, "\n ");
		if (column && column + 1 + length > width) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		printf("%.*s", (int)length, text);
		column += length + (column ? 1 : 0);
		text += length;
	}
	putchar('\n');
}

static void put_explanation(const struct explain *explain,
			    const struct explanation *text)
{
	put_wrapped(text->cause, explain->width);
	put_wrapped(text->cost, explain->width);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* What it is to this VM, if that is known */
static void put_figures(const struct explain *explain, uint32_t reasons, uint32_t slot)
{
	const struct exitstat_snapshot *snap = explain->snap;
	size_t i;

	if (!snap || exitstat_info(explain->es)->reasons != reasons)
		return;
	for (i = 0; i < snap->nr_rows; i++) {
		const struct exitstat_row *row = &snap->rows[i];

		if (row->slot != slot)
			continue;
		printf("In this VM so far: %" PRIu64 " exits, %.2f %% of all; ",
		       row->exits, share(row->exits, snap->exits));
		printf("%.2f %% of the cycles.\n", share(row->cycles, snap->cycles));
		return;
	}
	puts("In this VM so far: none.");
}

static void put_slot(const struct explain *explain, uint32_t reasons, uint32_t slot)
{
	const struct exitstat_known *known = exitstat_known(reasons, slot);

	if (slot)
		printf("%s (%s, 0x%" PRIx32 ")\n", known->name, vendor(reasons), known->code);
	else
		printf("%s (%s)\n", known->name, vendor(reasons));
	put_explanation(explain, explanation(reasons, slot));
	put_figures(explain, reasons, slot);
}

/* People copy names out of the kernel, too. */
static const char *without_prefix(const char *name)
{
	static const char *const prefixes[] = {
		"EXIT_REASON_",
		"SVM_EXIT_",
		"VMEXIT_",
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i]);

		if (!strncasecmp(name, prefixes[i], length) && name[length])
			return name + length;
	}
	return name;
}

static int matches(const struct exitstat_known *known, uint32_t slot, const char *name,
		   const uint64_t *number)
{
	if (number)
		return slot && known->code == *number;
	return !strcasecmp(known->name, name);
}

/* In one namespace; how many were found. */
static int explain_in(const struct explain *explain, uint32_t reasons,
		      const char *name, const uint64_t *number, int before)
{
	const struct exitstat_known *known;
	const char *register_access;
	uint32_t slot;

	for (slot = 0; (known = exitstat_known(reasons, slot)); slot++) {
		if (!matches(known, slot, name, number))
			continue;
		if (before)
			putchar('\n');
		put_slot(explain, reasons, slot);
		return 1;
	}
	if (number && *number <= UINT32_MAX &&
	    explanation_no_row(reasons, (uint32_t)*number, &register_access)) {
		if (before)
			putchar('\n');
		printf("%s (%s, 0x%" PRIx64 ")\n", register_access, vendor(reasons), *number);
		put_explanation(explain, &explanation_of_no_row);
		return 1;
	}
	return 0;
}

static int in_any_case(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; *text; text++)
		if (!strncasecmp(text, part, length))
			return 1;
	return 0;
}

/* Names that have the word in them, or of which the word begins with some. */
static void complain_unknown(const struct explain *explain, const char *name)
{
	const struct exitstat_known *known;
	char found[200] = "";
	size_t i, length = 0;
	uint32_t slot;

	for (i = 0; i < NR_BOTH; i++) {
		if (explain->chosen && both[i] != explain->reasons)
			continue;
		for (slot = 1; (known = exitstat_known(both[i], slot)); slot++) {
			if (!in_any_case(known->name, name) && !in_any_case(name, known->name))
				continue;
			/* Both vendors have it: say it once. */
			if (strstr(found, known->name))
				continue;
			if (length + strlen(known->name) + 8 > sizeof(found))
				break;
			length += (size_t)snprintf(found + length, sizeof(found) - length,
						   "%s%s", length ? ", " : "", known->name);
		}
	}
	if (length)
		complain("no exit reason is called %s; there are: %s", name, found);
	else
		complain("no exit reason is called %s; try exitstat explain --list", name);
}

static int explain_reason(const struct explain *explain, const char *word, int before)
{
	const char *name = without_prefix(word);
	uint64_t number;
	const uint64_t *numbered = parse_number(word, UINT64_MAX, &number) ? NULL : &number;
	size_t i;
	int found = 0;

	/* AMD's negative codes are known by their low half. */
	if (numbered && number >> 32 == UINT32_MAX)
		number = (uint32_t)number;
	for (i = 0; i < NR_BOTH; i++) {
		if (!explain->reasons || both[i] == explain->reasons)
			found += explain_in(explain, both[i], name, numbered, before || found);
	}
	/* This host's vendor lacks it: the other may have it. */
	for (i = 0; i < NR_BOTH && !found && !explain->chosen; i++)
		found += explain_in(explain, both[i], name, numbered, before || found);
	if (found)
		return 0;
	if (!numbered)
		complain_unknown(explain, name);
	else
		complain("no exit reason has the number %s; try exitstat explain --list", word);
	return -1;
}

static void list(const struct explain *explain)
{
	const struct exitstat_known *known;
	uint32_t slot;
	size_t i;

	for (i = 0; i < NR_BOTH; i++) {
		if (explain->reasons && both[i] != explain->reasons)
			continue;
		for (slot = 1; (known = exitstat_known(both[i], slot)); slot++) {
			printf("%-9s  0x%-8" PRIx32 "  %s\n", vendor(both[i]), known->code,
			       known->name);
		}
	}
}

static int explain_dearest(const struct explain *explain)
{
	const struct exitstat_row *dearest = NULL;
	char name[EXITSTAT_NAME_SIZE];
	uint32_t reasons;
	size_t i;

	if (!explain->snap) {
		complain("%s; name a REASON, or try exitstat explain --list",
			 explain->es ? exitstat_reason(explain->es) : "out of memory");
		return EXIT_FAILURE;
	}
	for (i = 0; i < explain->snap->nr_rows; i++) {
		const struct exitstat_row *row = &explain->snap->rows[i];

		if (!dearest || row->cycles > dearest->cycles)
			dearest = row;
	}
	if (!dearest) {
		puts("This VM has had no exits.");
		return finish_output(stdout, NULL);
	}
	reasons = exitstat_info(explain->es)->reasons;
	printf("Of all reasons, %s costs this VM most.\n\n",
	       exitstat_name(explain->es, dearest, name, sizeof(name)));
	if (explanation(reasons, dearest->slot))
		put_slot(explain, reasons, dearest->slot);
	else
		puts("This program is older than the host and does not know that reason.");
	return finish_output(stdout, NULL);
}

/* A reason needs no host: what cannot be asked is left out. */
static void ask_host(struct explain *explain)
{
	uint32_t reasons;

	if (exitstat_open(&explain->es) ||
	    exitstat_snapshot(explain->es, &explain->snap))
		return;
	reasons = exitstat_info(explain->es)->reasons;
	/* Of a vendor that we know no reason of, none is to be chosen. */
	if (!explain->chosen && exitstat_known(reasons, 1))
		explain->reasons = reasons;
}

static int choose_vendor(struct explain *explain, const char *name)
{
	if (!strcasecmp(name, "amd") || !strcasecmp(name, "svm"))
		explain->reasons = KVM_EXIT_STATS_NS_SVM;
	else if (!strcasecmp(name, "intel") || !strcasecmp(name, "vmx"))
		explain->reasons = KVM_EXIT_STATS_NS_VMX;
	else
		return -1;
	explain->chosen = 1;
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		LONG_HELP,
		{ "list", no_argument, NULL, OPT_LIST },
		{ "vendor", required_argument, NULL, OPT_VENDOR },
		LONG_END,
	};
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP,
		.longs = longs,
	};
	struct explain explain = { .width = terminal_width() };
	int option, all = 0, status = EXIT_SUCCESS, first;

	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case OPT_LIST:
			all = 1;
			break;
		case OPT_VENDOR:
			if (!choose_vendor(&explain, optarg))
				break;
			complain("--vendor: not one of amd intel: %s", optarg);
			return EXIT_USAGE;
		default:
			return options.status;
		}
	}
	if (all) {
		if (no_operands(argc, argv))
			return EXIT_USAGE;
		list(&explain);
		return finish_output(stdout, NULL);
	}

	for (first = optind; first < argc; first++) {
		if (*argv[first])
			continue;
		complain("a REASON is a name or a number, not nothing; try --list");
		return EXIT_USAGE;
	}
	ask_host(&explain);
	if (optind == argc) {
		status = explain_dearest(&explain);
	} else {
		first = optind;
		for (; optind < argc; optind++)
			if (explain_reason(&explain, argv[optind], optind > first))
				status = EXIT_USAGE;
		if (finish_output(stdout, NULL))
			status = EXIT_FAILURE;
	}
	exitstat_snapshot_free(explain.snap);
	exitstat_close(explain.es);
	return status;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "what an exit reason means and what reduces it",
	.run = run,
};
