// SPDX-License-Identifier: GPL-2.0-only
/* exitstat leaf LEAF [SUBLEAF]: what CPUID answers. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "command.h"
#include "report.h"

#define HELP \
	"Usage: exitstat leaf [OPTION]... LEAF [SUBLEAF]\n" \
	"\n" \
	"Show the registers that CPUID answers for a leaf, whatever the host is.  Numbers\n" \
	"are decimal, or hexadecimal with 0x.\n" \
	"\n" \
	"  -c, --cpu CPU       on this CPU of the guest; also -P, --cpus\n" \
	"      --json          JSON; docs/exitstat.schema.json describes it\n" \
	HELP_HELP \
	"\n" \
	"Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "cpu", required_argument, NULL, 'c' },
	LONG_CPUS,
	LONG_END,
};

struct leaf {
	struct options options;
	uint32_t leaf, subleaf;
	int cpu; /* -1: any */
};

static json_t *hex(uint32_t value)
{
	return json_sprintf("0x%08x", value);
}

static int print(const struct leaf *leaf, const struct exitstat_regs *regs)
{
	json_t *document;

	if (leaf->options.format != FORMAT_JSON) {
		printf("0x%08x 0x%08x: eax=0x%08x ebx=0x%08x ecx=0x%08x edx=0x%08x\n",
		       leaf->leaf, leaf->subleaf, regs->eax, regs->ebx, regs->ecx,
		       regs->edx);
		return 0;
	}
	document = json_pack("{s:{s:s, s:i}, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			     "exitstat", "version", EXITSTAT_VERSION, "schema", 1,
			     "command", "leaf",
			     "cpu", leaf->cpu < 0 ? json_null() : json_integer(leaf->cpu),
			     "leaf", hex(leaf->leaf), "subleaf", hex(leaf->subleaf),
			     "eax", hex(regs->eax), "ebx", hex(regs->ebx),
			     "ecx", hex(regs->ecx), "edx", hex(regs->edx));
	return report_dump_json(stdout, document, 0);
}

static int show(const struct leaf *leaf)
{
	struct exitstat_regs regs;
	struct exitstat *es;
	int err;

	/* It need not be a host with exit statistics. */
	err = open_exitstat(&es);
	if (err == -ENOMEM)
		goto fail;
	err = 0;
	if (leaf->cpu >= 0)
		err = exitstat_pin(es, leaf->cpu);
	if (err)
		goto fail;
	exitstat_leaf(es, leaf->leaf, leaf->subleaf, &regs);
	err = print(leaf, &regs);
	exitstat_close(es);
	if (err) {
		complain("out of memory");
		return EXIT_FAILURE;
	}
	return finish_output(stdout, NULL);
fail:
	complain("%s", exitstat_reason(es));
	exitstat_close(es);
	return EXIT_FAILURE;
}

static int number(const char *text, uint64_t max, const char *what,
		  uint32_t *result)
{
	uint64_t value;

	if (parse_number(text, max, &value)) {
		complain("%s: %s", what, text);
		return -1;
	}
	*result = (uint32_t)value;
	return 0;
}

static int parse(struct leaf *leaf, int argc, char **argv)
{
	uint32_t cpu;
	int option;

	leaf->options.status = EXIT_USAGE;
	while ((option = options_next(&leaf->options, argc, argv)) != OPTIONS_END) {
		if (option == OPTIONS_STOP)
			return -1;
		if (number(optarg, INT32_MAX, "-c: not a CPU", &cpu))
			return -1;
		leaf->cpu = (int)cpu;
	}
	if (leaf->options.per_cpu) {
		if (leaf->options.nr_cpus != 1) {
			complain("-P: one CPU at a time can be asked for a leaf");
			return -1;
		}
		leaf->cpu = leaf->options.cpus[0];
	}
	if (optind == argc) {
		complain("leaf: no leaf given; try exitstat leaf --help");
		return -1;
	}
	if (number(argv[optind], UINT32_MAX, "not a leaf", &leaf->leaf))
		return -1;
	if (optind + 1 < argc && number(argv[optind + 1], UINT32_MAX,
					"not a subleaf", &leaf->subleaf))
		return -1;
	if (optind + 2 < argc) {
		complain("unexpected argument %s; try --help", argv[optind + 2]);
		return -1;
	}
	return 0;
}

static int leaf_main(int argc, char **argv)
{
	struct leaf leaf = {
		.options = {
			.help = HELP,
			.shorts = ":" SHORT_HELP SHORT_CPUS "c:",
			.longs = longs,
		},
		.cpu = -1,
	};

	int status;

	status = parse(&leaf, argc, argv) ? leaf.options.status : show(&leaf);
	options_free(&leaf.options);
	return status;
}

const struct command cmd_leaf = {
	.name = "leaf",
	.summary = "the registers that CPUID answers",
	.run = leaf_main,
};
