// SPDX-License-Identifier: GPL-2.0-only
/* exitstat's commands, run on a host made up here. */
#define _GNU_SOURCE
#include "fake_host.h"

#include <getopt.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/report.h"
#include "cli/snapshots.h"

static struct host *host;
static uint64_t restart_at; /* the number of the question; 0: never */
static uint64_t vanish_at;

static void busy_read(void *data, uint32_t leaf, uint32_t subleaf,
		      struct exitstat_regs *regs)
{
	/* Something happens all the time. */
	host_exits(host, 0, SLOT_NPF, 3, 700);
	host_exits(host, 1, SLOT_HLT, 1, 90);
	host->vcpu_stat[0][0] += 100;
	host->vcpu_stat[0][2] += 300;
	if (restart_at && host->asked >= restart_at) {
		memset(host->row, 0, sizeof(host->row));
		memset(host->vcpu_stat, 0, sizeof(host->vcpu_stat));
		host->instance++;
		restart_at = 0;
	}
	host_read(data, leaf, subleaf, regs);
	if (vanish_at && host->asked >= vanish_at)
		memset(regs, 0, sizeof(*regs));
}

static int open_fake(struct exitstat **es)
{
	struct exitstat_cpuid cpuid = {
		.read = busy_read,
		.next_cpu = host_next_cpu,
		.pin = host_pin,
		.data = host,
	};

	return exitstat_open_cpuid(es, &cpuid);
}

static int set_up(void **state)
{
	host = new_host_with_histograms();
	restart_at = 0;
	vanish_at = 0;
	open_exitstat = open_fake;
	return 0;
}

static int tear_down(void **state)
{
	int pinned = host->pinned;

	test_free(host);
	return pinned == -1 ? 0 : -1;
}

/* What a command said, and its status */
static char *out, *err;
static int status;

static char *read_back(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	rewind(file);
	if (getdelim(&text, &size, 0, file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	return text;
}

/* Puts a file in the place of a stream; returns what was there. */
static int redirect(FILE *stream, FILE *file)
{
	int saved;

	fflush(stream);
	saved = dup(fileno(stream));
	dup2(fileno(file), fileno(stream));
	return saved;
}

static void restore(FILE *stream, int saved)
{
	fflush(stream);
	clearerr(stream);
	dup2(saved, fileno(stream));
	close(saved);
}

static void run_words(const struct command *command, const char *output,
		      char **argv)
{
	FILE *out_file = output ? fopen(output, "w+") : tmpfile();
	FILE *err_file = tmpfile();
	int saved_out, saved_err, argc = 0;

	assert_non_null(out_file);
	assert_non_null(err_file);
	while (argv[argc])
		argc++;
	saved_out = redirect(stdout, out_file);
	saved_err = redirect(stderr, err_file);
	optind = 0; /* getopt starts anew */
	status = command->run(argc, argv);
	restore(stdout, saved_out);
	restore(stderr, saved_err);
	free(out);
	free(err);
	if (output)
		fclose(out_file);
	out = output ? NULL : read_back(out_file);
	err = read_back(err_file);
}

#define run(command, ...) \
	run_words(command, NULL, (char *[]){ "command", ##__VA_ARGS__, NULL })

static void has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no '%s' in: %s", words, text);
}

static void has_not(const char *text, const char *words)
{
	if (strstr(text, words))
		fail_msg("'%s' in: %s", words, text);
}

static int count_of(const char *text, const char *words)
{
	int count = 0;

	for (; (text = strstr(text, words)); text++)
		count++;
	return count;
}

/* No number but those of a code or a time has a dash before it. */
static void nothing_negative(const char *csv)
{
	has_not(csv, ",-");
}

#define RESTARTED \
	"exitstat: the counters restarted in between: " \
	"this VM was restored or migrated"

static void intervals(void **state)
{
	run(&cmd_stat, "0.01", "3");
	assert_int_equal(status, 0);
	assert_string_equal(err, "");
	assert_int_equal(count_of(out, "TIME "), 4);
	assert_int_equal(count_of(out, "Average  NPF"), 1);
	assert_int_equal(count_of(out, "VM exits of"), 1);
	assert_int_equal(count_of(out, "Taken out: "), 1);

	/* Options may stand behind, too. */
	run(&cmd_stat, "0.01", "4", "-x", ",");
	assert_int_equal(status, 0);
	assert_int_equal(count_of(out, "reason"), 1);
	/* Four reports and the average; CPUID's row goes with our own exits. */
	assert_int_equal(count_of(out, ",NPF,"), 5);
	nothing_negative(out);
}

static void counters_that_restart(void **state)
{
	/* Somewhere in the third report */
	restart_at = 300;
	run(&cmd_stat, "-x", ",", "0.01", "6");
	assert_int_equal(status, 0);
	assert_int_equal(restart_at, 0);
	assert_string_equal(err, RESTARTED "; what follows counts from there\n");
	nothing_negative(out);
	/* One report less, and the average of what came after */
	assert_int_equal(count_of(out, ",NPF,"), 6);
}

/* Wherever it happens, it is one of these: noticed in time, or told. */
static void run_over_a_restart(void **state)
{
	int reports = 0, complaints = 0;
	uint64_t asks;

	run(&cmd_run, "-x", ",", "true");
	asks = host->asked;
	for (uint64_t at = 1; at < asks; at += 7) {
		restart_at = host->asked + at;
		run(&cmd_run, "-x", ",", "true");
		nothing_negative(err);
		if (status) {
			assert_int_equal(status, 1);
			assert_string_equal(err, RESTARTED "\n");
			complaints++;
		} else {
			has(err, "NPF,0x400,");
			reports++;
		}
	}
	assert_true(complaints > 3);
	assert_true(reports > 3);
}

static void host_that_vanishes(void **state)
{
	vanish_at = 60;
	run(&cmd_stat, "0.01", "6");
	assert_int_equal(status, 1);
	has(err, "exitstat: no hypervisor");
	assert_int_equal(count_of(err, "\n"), 1);
}

static void commands_return_their_status(void **state)
{
	run(&cmd_run, "true");
	assert_int_equal(status, 0);
	has(err, "while the command ran");
	has(err, "NPF ");
	assert_string_equal(out, "");
	run(&cmd_run, "--", "sh", "-c", "exit 7");
	assert_int_equal(status, 7);
	run(&cmd_run, "sh", "-c", "kill -KILL $$");
	assert_int_equal(status, 128 + 9);
	run(&cmd_run, "sh", "-c", "kill -INT $$");
	assert_int_equal(status, 128 + 2);
	run(&cmd_run, "./nowhere");
	assert_int_equal(status, 127);
	assert_string_equal(err, "exitstat: cannot run ./nowhere: No such file or directory\n");
	run(&cmd_run, "nowhere-in-the-path");
	assert_int_equal(status, 127);
	run(&cmd_run, "/");
	assert_int_equal(status, 126);
	assert_string_equal(err, "exitstat: cannot run /: Permission denied\n");
	run(&cmd_run, "-o", "/nowhere/x", "true");
	assert_int_equal(status, 1);
	assert_string_equal(err, "exitstat: cannot write /nowhere/x: No such file or directory\n");
	run(&cmd_run, "-o", "/dev/full", "true");
	assert_int_equal(status, 1);
	assert_string_equal(err, "exitstat: cannot write /dev/full: No space left on device\n");
	/* It goes on to the command's own standard output. */
	run(&cmd_run, "-o", "/dev/null", "echo", "-r");
	assert_string_equal(out, "-r\n");
}

static void several_runs(void **state)
{
	run(&cmd_run, "-r", "3", "-x", ",", "true");
	assert_int_equal(status, 0);
	has(err, "reason,code,exits,exits_sd,exits_per_second,cycles,");
	has(err, ",cycles,cycles_sd,mean_cycles,cpu_percent\n");
	has(err, "TOTAL,,");
	run(&cmd_run, "-r", "3", "sh", "-c", "exit 5");
	assert_int_equal(status, 5);
	has(err, "in 3 runs of the command");
	/* Whoever interrupts it means all of it. */
	run(&cmd_run, "-r", "1000", "sh", "-c", "kill -INT $$");
	assert_int_equal(status, 128 + 2);
	has(err, "in 1 runs of the command");
	/* A run in which a reason does not occur counts as none. */
	run(&cmd_run, "-r", "2", "-P", "ALL", "--unit", "us", "true");
	assert_int_equal(status, 0);
	has(err, "CPU  VCPU  REASON");
}

static void per_cent_add_up(void **state)
{
	static const uint64_t odd[][3] = {
		{ 1, 1, 1 },
		{ 1000000, 1, 1 },
		{ 3, 3, 1 },
		{ 7, 11, 13 },
		{ 1ull << 60, 1, 3 },
	};
	char *line;

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		for (int vcpu = 0; vcpu < HOST_VCPUS; vcpu++) {
			host->vcpu_stat[vcpu][0] = odd[i][0];
			host->vcpu_stat[vcpu][1] = odd[i][1];
			host_row(host, vcpu, SLOT_HLT)->stat[3] = odd[i][2];
		}
		run(&cmd_vcpus);
		assert_int_equal(status, 0);
		has(out, "%GUEST");
		line = strchr(strstr(out, "%GUEST"), '\n') + 1;
		for (int n = 0; n < HOST_CPUS + 1; n++) {
			double part;
			long sum = 0;

			/* CPU and vCPU, or "all" and a dash */
			for (int word = 0; word < 2; word++) {
				line += strspn(line, " ");
				line += strcspn(line, " ");
			}
			for (int p = 0; p < 6; p++) {
				part = strtod(line, &line);
				sum += (long)(part * 100 + 0.5);
			}
			assert_int_equal(sum, 10000);
			line = strchr(line, '\n') + 1;
		}
	}
}

static void cpus_that_are_offline(void **state)
{
	host->offline[1] = 1;
	run(&cmd_vcpus);
	assert_int_equal(status, 0);
	has(out, "1 of 4 vCPUs cannot be asked: offline, or kept from us\n");
	run(&cmd_vcpus, "-P", "1");
	assert_int_equal(status, 1);
	has(err, "exitstat: CPU 1 is offline, not there, or not for this process\n");
	run(&cmd_stat, "-P", "0-2", "-x", ",");
	assert_int_equal(status, 1);
	run(&cmd_stat, "-P", "0,2", "-x", ",");
	assert_int_equal(status, 0);
	has(out, "\n0,3,");
	has(out, "\n2,1,");
	has_not(out, "\n3,");
	run(&cmd_leaf, "-c", "1", "0x4fffff01", "1");
	assert_int_equal(status, 1);
	run(&cmd_leaf, "-c", "2", "0x4fffff01", "1");
	has(out, "0x4fffff01 0x00000001: eax=0x3b9aca00 ebx=0x00000000 ");
	has(out, " ecx=0x00000004 edx=0x00000001\n");
	host->pinned = -1; /* leaf ends there, and its process with it */
}

static void what_the_host_offers(void **state)
{
	host->has_mystery = 1;
	run(&cmd_info);
	assert_int_equal(status, 0);
	has(out, "Exit reasons  AMD SVM, 138 rows\n");
	has(out, "distributions are kept (exit_stats_histogram)");
	has(out, "  9 mystery?x  unknown, of each row\n");
	has(out, "longest    cycles, of each row, the highest\n");
	has(out, "histogram  count, of each row, 24 elements\n");
	vanish_at = 1;
	run(&cmd_info);
	assert_int_equal(status, 1);
	has(out, "There are no exit statistics here: no hypervisor");
}

static void hosts_without_a_frequency(void **state)
{
	host->tsc_hz = 0;
	run(&cmd_stat, "--unit", "us");
	assert_int_equal(status, 1);
	has(err, "--unit cycles only");
	run(&cmd_stat);
	assert_int_equal(status, 0);
	has(out, "TSC frequency unknown");
	run(&cmd_vcpus);
	assert_int_equal(status, 0);
	run(&cmd_stat, "--openmetrics");
	has(out, "kvm_exit_processing_cycles_total");
	has_not(out, "_seconds");
}

static void a_full_disk(void **state)
{
	static char *const words[] = { "stat", NULL };

	run_words(&cmd_stat, "/dev/full", (char **)words);
	assert_int_equal(status, 1);
	assert_string_equal(err, "exitstat: cannot write the output: No space left on device\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(intervals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counters_that_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(run_over_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(host_that_vanishes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(commands_return_their_status, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(per_cent_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cpus_that_are_offline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_host_offers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hosts_without_a_frequency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(out);
	free(err);
	return failed;
}
