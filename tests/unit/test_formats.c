// SPDX-License-Identifier: GPL-2.0-only
/* What exitstat prints, in each format, of a host made up here. */
#define _GNU_SOURCE
#include "fake_host.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/grid.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/snapshots.h"

/* Two reasons on two vCPUs; what reading adds is taken out. */
static struct host *busy_host(void)
{
	struct host *host = new_host_with_histograms();

	host_exits(host, 0, SLOT_NPF, 10, 1000);
	host_exits(host, 1, SLOT_NPF, 10, 3000);
	host_exits(host, 1, SLOT_HLT, 60, 100);
	host_row(host, 1, SLOT_HLT)->stat[KVM_EXIT_STAT_IDLE] = 5000000;
	host->vcpu_stat[0][0] = 54000;
	return host;
}

struct said {
	struct options options;
	struct report report;
	unsigned int with;
};

/* Text to be freed */
static char *say(struct host *host, struct said *said)
{
	struct snapshots *snapshots, *shown;
	struct exitstat *es = open_host_of(host);
	char *text = NULL;
	size_t size;
	FILE *out;

	said->with |= rows_with(es, &said->options);
	assert_int_equal(snapshots_read(es, &said->options, said->with, &snapshots), 0);
	assert_int_equal(snapshots_diff(es, NULL, snapshots, EXITSTAT_LESS_OWN, &shown), 0);
	said->report.snapshots = shown;
	if (!said->report.command)
		said->report.command = "stat";
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(report_print(out, es, &said->options, &said->report), 0);
	assert_int_equal(fclose(out), 0);
	snapshots_free(snapshots);
	snapshots_free(shown);
	options_free(&said->options);
	exitstat_close(es);
	test_free(host);
	return text;
}

static void shows(const char *text, const char *words)
{
	if (!strstr(text, words)) {
		print_message("no '%s' in:\n%s", words, text);
		fail();
	}
}

static void shows_not(const char *text, const char *words)
{
	if (strstr(text, words)) {
		print_message("'%s' in:\n%s", words, text);
		fail();
	}
}

static void text_with_quantiles(void **state)
{
	struct said said = { .options = { .width = 120 } };
	char *text = say(busy_host(), &said);

	/*
	 * Half of NPF's are below 1024, HLT's are in the lowest class: 40 of its
	 * 60 exits are half of all, so two thirds of 256.  Nothing is longer than
	 * the longest.
	 */
	shows(text, "REASON  CODE   EXITS  EXITS%  CYCLES  MEAN   P50   P99   MAX  CYCLES%\n");
	shows(text, "NPF     0x400     20   25.00   40000  2000  1024  2980  3000    86.96\n");
	shows(text, "HLT     0x78      60   75.00    6000   100    50    99   100    13.04\n");
	shows(text, "TOTAL   -         80  100.00   46000   575   170  2923  3000   100.00\n");
	shows(text, "\nTaken out: ");
	free(text);
}

static void text_of_every_statistic(void **state)
{
	struct said said = { .options = { .all_stats = 1, .unit = UNIT_US } };
	struct host *host = busy_host();
	char *text;

	host->has_mystery = 1;
	host_row(host, 0, SLOT_NPF)->stat[HOST_MYSTERY] = 42;
	text = say(host, &said);
	shows(text, " US ");
	shows(text, "KERNEL   USER      IDLE  PREEMPTED  LONGEST  MYSTERY?X\n");
	/* The unit of what is not known is not known either. */
	shows(text, "40.000  0.000     0.000      0.000    3.000         42\n");
	shows(text, "6.000  0.000  5000.000      0.000    0.100          0\n");
	free(text);
}

static void text_of_each_vcpu(void **state)
{
	struct said said = { .options = { .per_cpu = 1 } };
	char *text = say(busy_host(), &said);

	shows(text, "VM exits of each vCPU");
	shows(text, "CPU  VCPU  REASON");
	/* CPU 2 is vCPU 1 there. */
	shows(text, "  2     1  NPF     0x400     10   14.29   30000  3000");
	shows(text, "  3     0  NPF     0x400     10  100.00   10000  1000");
	free(text);
}

static void rows_in_order(void **state)
{
	static const struct {
		enum sort_key key;
		const char *first, *second;
	} orders[] = {
		{ SORT_TIME, "NPF ", "HLT " },
		{ SORT_EXITS, "HLT ", "NPF " },
		{ SORT_MEAN, "NPF ", "HLT " },
		{ SORT_NAME, "HLT ", "NPF " },
		{ SORT_CODE, "HLT ", "NPF " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct said said = { .options = { .sort = orders[i].key } };
		char *text = say(busy_host(), &said);

		assert_true(strstr(text, orders[i].first) <
			    strstr(text, orders[i].second));
		free(text);
	}
}

static void rows_that_are_zero(void **state)
{
	struct said said = { .options = { .all_rows = 1,
					  .format = FORMAT_CSV,
					  .separator = ";" } };
	char *text = say(busy_host(), &said);
	size_t lines = 0;

	for (char *p = text; *p; p++)
		lines += *p == '\n';
	/* Names, every row (CPUID's is zero without our own), the sum */
	assert_int_equal(lines, 1 + HOST_ROWS + 1);
	shows(text, "\nCPUID;0x72;0;");
	shows(text, "\nOTHER;;0;");
	free(text);
}

static void names_of_columns_are_stable(void **state)
{
	struct said said = {
		.options = {
			.format = FORMAT_CSV,
			.separator = ",",
			.unit = UNIT_NS,
			.per_cpu = 1,
			.all_stats = 1,
		},
		.report = {
			.period = PERIOD_INTERVAL,
			.seconds = 2,
			.is_stream = 1,
			.is_first = 1,
		},
		.with = EXITSTAT_WITH_VCPU_STATS,
	};
	static const char *const names[] = {
		"time",
		"cpu",
		"vcpu",
		"reason",
		"code",
		"exits",
		"exits_per_second",
		"exits_percent",
		"ns",
		"mean_ns",
		"p50_ns",
		"p99_ns",
		"max_ns",
		"time_percent",
		"cpu_percent",
		"kernel_ns",
		"user_ns",
		"idle_ns",
		"preempted_ns",
		"longest_ns\n",
	};
	char *text = say(busy_host(), &said);
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_memory_equal(at, names[i], strlen(names[i]));
		at += strlen(names[i]) + 1;
	}
	free(text);

	/* Once in a stream */
	said.report.is_first = 0;
	text = say(busy_host(), &said);
	shows_not(text, "reason");
	shows(text, ",3,0,NPF,0x400,10,5.0,100.0,10000,1000,");
	/* 10000 of 54000 + 10000 cycles */
	shows(text, ",15.625,");
	free(text);
}

static void quotes_in_csv(void **state)
{
	static const struct grid_column columns[] = {
		{ "A", "a", 0, 0 },
		{ "B", NULL, 0, 0 },
		{ NULL, "c,", 0, 0 },
	};
	struct grid *grid = grid_new(columns, 3);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	grid_text(grid, "x,\"y\"");
	grid_text(grid, "not here");
	grid_none(grid);
	assert_int_equal(grid_print_csv(grid, out, ",", 1), 0);
	fclose(out);
	assert_string_equal(text, "a,\"c,\"\n\"x,\"\"y\"\"\",\n");
	grid_free(grid);
	free(text);
}

/* As a validator that is not ours sees it */
static void accepted_by(const char *checker, const char *text)
{
	char name[] = "/tmp/exitstat-test-XXXXXX", command[100];
	int file = mkstemp(name);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	close(file);
	snprintf(command, sizeof(command), "./%s %s", checker, name);
	if (system(command)) {
		unlink(name);
		print_message("%s", text);
		fail();
	}
	unlink(name);
}

static void json_is_as_the_schema_has_it(void **state)
{
	for (unsigned int i = 0; i < 32; i++) {
		struct said said = {
			.options = {
				.format = FORMAT_JSON,
				.per_cpu = i & 1,
				.all_stats = !!(i & 2),
				.all_rows = !!(i & 4),
				.unit = i % 3,
			},
			.report = {
				.seconds = i & 8 ? 1.5 : 0,
				.is_stream = !!(i & 8),
				.period = i & 8 ? PERIOD_INTERVAL : PERIOD_START,
			},
			.with = i & 16 ? EXITSTAT_WITH_VCPU_STATS : 0,
		};
		struct host *host = i & 16 ? new_host() : busy_host();
		char *text;

		host->has_mystery = 1;
		host_exits(host, 0, SLOT_NPF, 1ull << 62, 1);
		text = say(host, &said);
		accepted_by("check-json", text);
		free(text);
	}
}

static void json_has_the_numbers(void **state)
{
	struct said said = { .options = { .format = FORMAT_JSON } };
	char *text = say(busy_host(), &said);
	json_t *document = json_loads(text, 0, NULL);
	json_t *part, *row, *histogram;

	assert_non_null(document);
	part = json_array_get(json_object_get(document, "parts"), 0);
	row = json_array_get(json_object_get(part, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "reason")), "NPF");
	assert_string_equal(json_string_value(json_object_get(row, "code")), "0x400");
	assert_int_equal(json_integer_value(json_object_get(row, "exits")), 20);
	assert_int_equal(json_integer_value(json_object_get(row, "cycles")), 40000);
	histogram = json_object_get(row, "histogram");
	assert_int_equal(json_array_size(histogram), HOST_ELEMENTS);
	assert_int_equal(json_integer_value(json_array_get(histogram, 2)), 10);
	assert_int_equal(json_integer_value(json_array_get(histogram, 4)), 10);
	assert_int_equal(json_integer_value(json_object_get(document, "histogram_shift")),
			 HOST_SHIFT);
	assert_true(json_is_true(json_object_get(json_object_get(document, "own"),
						 "subtracted")));
	json_decref(document);
	free(text);
}

#define DURATION(part) \
	"kvm_exit_duration_seconds_" part "{reason=\"NPF\",code=\"0x400\""

static void openmetrics(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct said said = { .options = { .format = FORMAT_OPENMETRICS,
						  .per_cpu = i } };
		char *text = say(busy_host(), &said);

		accepted_by("check-metrics", text);
		shows(text, i ? "kvm_exits_total{vcpu=\"1\",reason=\"NPF\",code=\"0x400\"} 10\n" :
				"kvm_exits_total{reason=\"NPF\",code=\"0x400\"} 20\n");
		shows(text, i ? "kvm_vcpu_guest_seconds_total{vcpu=\"0\"} 5.4e-05\n" :
				"kvm_vcpu_guest_seconds_total 5.4e-05\n");
		shows(text, "# TYPE kvm_exit_longest_seconds gauge\n");
		shows(text, "# TYPE kvm_exit_duration_seconds histogram\n");
		if (!i) {
			/* Below 2^12 cycles: all of them; the bound is the last cycle. */
			shows(text, DURATION("bucket") ",le=\"4.095e-06\"} 20\n");
			shows(text, DURATION("bucket") ",le=\"+Inf\"} 20\n");
			shows(text, DURATION("sum") "} 4e-05\n");
		}
		free(text);
	}
}

static void older_metrics(void **state)
{
	struct host *host = busy_host();
	struct exitstat *es = open_host_of(host);
	struct options options = { .format = FORMAT_OPENMETRICS };
	struct snapshots *snapshots;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(snapshots_read(es, &options, rows_with(es, &options),
					&snapshots),
			 0);
	assert_int_equal(metrics_print(out, es, snapshots, METRICS_PROMETHEUS), 0);
	fclose(out);
	shows(text, "# TYPE kvm_exits_total counter\n# HELP kvm_exits_total ");
	shows(text, "# TYPE kvm_exit_stats_info gauge\n");
	shows_not(text, "# UNIT");
	shows_not(text, "# EOF");
	free(text);
	snapshots_free(snapshots);
	exitstat_close(es);
	test_free(host);
}

/* --- options --------------------------------------------------------------- */

static void lists_of_cpus(void **state)
{
	static const char *const bad[] = {
		"",
		",",
		"1,",
		",1",
		"-1",
		"1-",
		"3-2",
		"a",
		"1 2",
		"0x1",
		"8192",
		"0-99999999999",
		"99999999999999999999",
		"1--2",
		"1-2-3",
	};
	size_t nr;
	int *list;

	assert_int_equal(parse_list("7,0-2,1", &list, &nr), 0);
	assert_int_equal(nr, 4);
	assert_int_equal(list[0], 0);
	assert_int_equal(list[2], 2);
	assert_int_equal(list[3], 7);
	free(list);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!parse_list(bad[i], &list, &nr))
			fail_msg("'%s' is no list", bad[i]);
		assert_null(list);
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"0x",
		"0xg",
		"1x",
		"ff",
		"18446744073709551616",
		"4294967296",
	};
	uint64_t number;
	double seconds;

	assert_int_equal(parse_number("0x4FFFFF00", UINT32_MAX, &number), 0);
	assert_int_equal(number, 0x4fffff00);
	assert_int_equal(parse_number("010", UINT32_MAX, &number), 0);
	assert_int_equal(number, 10);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!parse_number(bad[i], UINT32_MAX, &number))
			fail_msg("'%s' is no number", bad[i]);

	assert_int_equal(parse_seconds("0.5", &seconds), 0);
	assert_float_equal(seconds, 0.5, 0.000001);
	assert_int_equal(parse_seconds("60", &seconds), 0);
	assert_int_equal(parse_seconds("0", &seconds), -1);
	assert_int_equal(parse_seconds("-1", &seconds), -1);
	assert_int_equal(parse_seconds("1s", &seconds), -1);
	assert_int_equal(parse_seconds("1.2.3", &seconds), -1);
	assert_int_equal(parse_seconds("inf", &seconds), -1);
	assert_int_equal(parse_seconds("1e3", &seconds), -1);
	assert_int_equal(parse_seconds("99999999999", &seconds), -1);
}

/* The status of a command that prints to nobody */
static int status_of_words(const struct command *command, char **argv)
{
	int saved = dup(2), argc = 0, status;
	FILE *quiet;

	while (argv[argc])
		argc++;
	quiet = freopen("/dev/null", "w", stderr);
	assert_non_null(quiet);
	optind = 0; /* getopt starts anew */
	status = command->run(argc, argv);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	return status;
}

#define status_of(command, ...) \
	status_of_words(command, (char *[]){ "command", ##__VA_ARGS__, NULL })

static void wrong_usage(void **state)
{
	assert_int_equal(status_of(&cmd_stat, "nonsense"), 2);
	assert_int_equal(status_of(&cmd_stat, "1", "0"), 2);
	assert_int_equal(status_of(&cmd_stat, "1", "2", "3"), 2);
	assert_int_equal(status_of(&cmd_stat, "--sort", "nonsense"), 2);
	assert_int_equal(status_of(&cmd_stat, "--sort"), 2);
	assert_int_equal(status_of(&cmd_stat, "--unit=hours"), 2);
	assert_int_equal(status_of(&cmd_stat, "-P", "1,"), 2);
	assert_int_equal(status_of(&cmd_stat, "-x", ""), 2);
	assert_int_equal(status_of(&cmd_stat, "-x", "7"), 2);
	assert_int_equal(status_of(&cmd_stat, "-x", "\""), 2);
	assert_int_equal(status_of(&cmd_stat, "--json=yes"), 2);
	assert_int_equal(status_of(&cmd_stat, "-Z"), 2);
	assert_int_equal(status_of(&cmd_stat, "--openmetrics", "1"), 2);
	assert_int_equal(status_of(&cmd_run), 2);
	assert_int_equal(status_of(&cmd_run, "-r", "0", "true"), 2);
	assert_int_equal(status_of(&cmd_run, "-r", "x", "true"), 2);
	assert_int_equal(status_of(&cmd_run, "--openmetrics", "true"), 2);
	assert_int_equal(status_of(&cmd_vcpus, "1"), 2);
	assert_int_equal(status_of(&cmd_info, "1"), 2);
	assert_int_equal(status_of(&cmd_leaf), 2);
	assert_int_equal(status_of(&cmd_leaf, "nonsense"), 2);
	assert_int_equal(status_of(&cmd_leaf, "0x100000000"), 2);
	assert_int_equal(status_of(&cmd_leaf, "1", "2", "3"), 2);
	assert_int_equal(status_of(&cmd_leaf, "-c", "-1", "1"), 2);
}

static void colours_on_a_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *terminal, *file;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master) || unlockpt(master), 0);
	terminal = fopen(ptsname(master), "we");
	file = fopen("/dev/null", "w");
	assert_non_null(terminal);
	assert_non_null(file);

	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(wants_colour(terminal));
	assert_false(wants_colour(file));
	setenv("TERM", "dumb", 1);
	assert_false(wants_colour(terminal));
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	assert_false(wants_colour(terminal));
	setenv("NO_COLOR", "", 1);
	assert_true(wants_colour(terminal));
	fclose(terminal);
	fclose(file);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_with_quantiles),
		cmocka_unit_test(text_of_every_statistic),
		cmocka_unit_test(text_of_each_vcpu),
		cmocka_unit_test(rows_in_order),
		cmocka_unit_test(rows_that_are_zero),
		cmocka_unit_test(names_of_columns_are_stable),
		cmocka_unit_test(quotes_in_csv),
		cmocka_unit_test(json_is_as_the_schema_has_it),
		cmocka_unit_test(json_has_the_numbers),
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(older_metrics),
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(numbers),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(colours_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
