// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_CPU 8191 /* of any kernel */

const char *const unit_keys[] = {
	[UNIT_CYCLES] = "cycles",
	[UNIT_NS] = "ns",
	[UNIT_US] = "us",
};

static const char *const sort_keys[] = {
	[SORT_TIME] = "time",
	[SORT_EXITS] = "exits",
	[SORT_MEAN] = "mean",
	[SORT_NAME] = "name",
	[SORT_CODE] = "code",
};

static const char *const own_modes[] = {
	[OWN_KEEP] = "keep",
	[OWN_SUBTRACT] = "subtract",
};

int parse_number(const char *text, uint64_t max, uint64_t *number)
{
	int hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long value;
	char *end;

	/* strtoull() would take blanks and signs. */
	if (!isxdigit((unsigned char)text[hex ? 2 : 0]))
		return -1;
	errno = 0;
	value = strtoull(text, &end, hex ? 16 : 10);
	if (errno || *end || end == text || value > max)
		return -1;
	*number = value;
	return 0;
}

int parse_seconds(const char *text, double *seconds)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return -1;
	if (text[strspn(text, "0123456789.")])
		return -1;
	*seconds = strtod(text, &end);
	return *end || *seconds < 0.001 || *seconds > 1e7 ? -1 : 0;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* One number or two with a dash between them; where it ends, or NULL. */
static const char *parse_range(const char *text, int *first, int *last)
{
	long from, to;
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	from = strtol(text, &end, 10);
	to = from;
	if (*end == '-') {
		text = end + 1;
		if (!isdigit((unsigned char)*text))
			return NULL;
		to = strtol(text, &end, 10);
	}
	if (to < from || to > MAX_CPU)
		return NULL;
	*first = (int)from;
	*last = (int)to;
	return end;
}

int parse_list(const char *text, int **list, size_t *nr)
{
	unsigned char *in = calloc(MAX_CPU + 1, 1);
	int first, last;
	size_t n = 0;

	*list = calloc(MAX_CPU + 1, sizeof(**list));
	if (!in || !*list)
		goto fail;
	for (;;) {
		text = parse_range(text, &first, &last);
		if (!text)
			goto fail;
		for (; first <= last; first++) {
			if (!in[first])
				(*list)[n++] = first;
			in[first] = 1;
		}
		if (!*text)
			break;
		if (*text++ != ',')
			goto fail;
	}
	qsort(*list, n, sizeof(**list), by_number);
	*nr = n;
	free(in);
	return 0;
fail:
	free(in);
	free(*list);
	*list = NULL;
	return -1;
}

/* The index of a word among some; -1 after a complaint. */
static int choose(const char *option, const char *word, const char *const *words,
		  size_t nr_words)
{
	size_t i;

	for (i = 0; i < nr_words; i++) {
		if (words[i] && !strcmp(words[i], word))
			return (int)i;
	}
	fprintf(stderr, "exitstat: %s: not one of", option);
	for (i = 0; i < nr_words; i++) {
		if (words[i])
			fprintf(stderr, " %s", words[i]);
	}
	fprintf(stderr, ": %s\n", word);
	return -1;
}

static int choose_interval(struct options *options, const char *text)
{
	if (!parse_seconds(text, &options->interval))
		return 0;
	complain("-i: not a number of seconds from 0.001 to 10000000: %s", text);
	return -1;
}

static int choose_cpus(struct options *options, const char *text)
{
	free(options->cpus);
	options->cpus = NULL;
	options->nr_cpus = 0;
	options->per_cpu = 1;
	if (!strcmp(text, "ALL") || !strcmp(text, "all"))
		return 0;
	if (!parse_list(text, &options->cpus, &options->nr_cpus))
		return 0;
	complain("-P: not a list of CPUs such as 0,2-3, nor ALL: %s", text);
	return -1;
}

static int choose_separator(struct options *options, const char *text)
{
	if (!strcmp(text, "\\t"))
		text = "\t";
	/* A reader must be able to tell it from what it separates. */
	if (!*text || strpbrk(text, "\"\n\r") || isalnum((unsigned char)*text) ||
	    strpbrk(text, ".-_()") || strlen(text) > 8) {
		complain("-x: cannot separate values with this: %s", text);
		return -1;
	}
	options->format = FORMAT_CSV;
	options->separator = text;
	return 0;
}

/* 1: taken.  0: not a common one.  -1: complained. */
static int take(struct options *options, int option)
{
	int choice = 0;

	switch (option) {
	case OPT_JSON:
		options->format = FORMAT_JSON;
		return 1;
	case OPT_OPENMETRICS:
		options->format = FORMAT_OPENMETRICS;
		return 1;
	case 'x':
		return choose_separator(options, optarg) ? -1 : 1;
	case 'i':
		return choose_interval(options, optarg) ? -1 : 1;
	case 'P':
		return choose_cpus(options, optarg) ? -1 : 1;
	case OPT_ALL:
		options->all_rows = 1;
		return 1;
	case OPT_STATS:
		options->all_stats = 1;
		return 1;
	case OPT_UNIT:
		choice = choose("--unit", optarg, unit_keys, ARRAY_SIZE(unit_keys));
		options->unit = (enum time_unit)choice;
		break;
	case OPT_SORT:
		choice = choose("--sort", optarg, sort_keys,
				ARRAY_SIZE(sort_keys));
		options->sort = (enum sort_key)choice;
		break;
	case OPT_OWN:
		choice = choose("--own", optarg, own_modes,
				ARRAY_SIZE(own_modes));
		options->own = (enum own_exits)choice;
		break;
	default:
		return 0;
	}
	return choice < 0 ? -1 : 1;
}

/* optopt is a letter, or the value of a long option that lacks its argument. */
static void complain_of(int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		complain("%s needs a value; try --help", word);
	else if (!optopt)
		complain("unknown option %s; try --help", word);
	else if (optopt > UCHAR_MAX || (!strncmp(word, "--", 2) && strchr(word, '=')))
		complain("%s: this option takes no value", word);
	else
		complain("unknown option -%c; try --help", optopt);
}

int options_next(struct options *options, int argc, char **argv)
{
	int option, taken;

	opterr = 0;
	for (;;) {
		option = getopt_long(argc, argv, options->shorts, options->longs,
				     NULL);
		if (option == -1)
			return OPTIONS_END;
		if (option == 'h') {
			fputs(options->help, stdout);
			options->status = finish_output(stdout, NULL);
			return OPTIONS_STOP;
		}
		if (option == OPT_VERSION) {
			options->status = print_version();
			return OPTIONS_STOP;
		}
		if (option == '?' || option == ':') {
			complain_of(option, argv);
			options->status = EXIT_USAGE;
			return OPTIONS_STOP;
		}
		taken = take(options, option);
		if (taken < 0) {
			options->status = EXIT_USAGE;
			return OPTIONS_STOP;
		}
		if (!taken)
			return option;
	}
}

void options_free(struct options *options)
{
	free(options->cpus);
	options->cpus = NULL;
}

int no_operands(int argc, char **argv)
{
	if (optind >= argc)
		return 0;
	complain("unexpected argument %s; try --help", argv[optind]);
	return -1;
}
