// SPDX-License-Identifier: GPL-2.0-only
/* exitstat host: a host's VMs as the kernel shows them, made up here. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/host.h"

#define HEAD \
	"# VM-exits by reason; all but exits in TSC cycles\n" \
	"# SVM exit reasons, instance 81985529216486895, 2000000000 Hz, 2 vCPUs\n" \
	"reason           code      exits         kernel           user\n"
#define ROWS \
	"OTHER               -          1            100              0\n" \
	"CPUID            0x72         10     1000000000              0\n" \
	"IOIO             0x7b          5     2000000000     4000000000\n" \
	"TOTAL               -         16     3000000100     4000000000\n"
/* Of IOIO 3 from 1024 to 2047 cycles and 2 above that */
#define HISTOGRAMS \
	"# Exits by the TSC cycles that it took to process them\n" \
	"reason          longest   512  1024  2048  more\n" \
	"OTHER                 0     0     0     0     0\n" \
	"IOIO              10000     0     0     3     2\n" \
	"NPF                   9     1     0     0     0\n"
#define TIMES	"VCPU guest=8000000000 stopped=0 elapsed=18446744073709551615\n"

static int parse(const char *text, struct host_table *table)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(in);
	err = host_table_read(in, table);
	fclose(in);
	return err;
}

static void whole_table(void **state)
{
	struct host_table table;

	assert_int_equal(parse(HEAD ROWS TIMES, &table), 0);
	assert_string_equal(table.vendor, "SVM");
	assert_int_equal(table.instance, 0x0123456789abcdef);
	assert_int_equal(table.tsc_hz, 2000000000);
	assert_int_equal(table.vcpus, 2);
	assert_int_equal(table.nr_columns, 3);
	assert_string_equal(table.column[2].name, "user");
	assert_int_equal(table.nr_rows, 3);
	assert_string_equal(table.row[0].reason, "OTHER");
	assert_string_equal(table.row[0].code, "");
	assert_string_equal(table.row[2].reason, "IOIO");
	assert_string_equal(table.row[2].code, "0x7b");
	assert_int_equal(table.row[2].value[0], 5);
	assert_int_equal(table.row[2].value[2], 4000000000);
	assert_int_equal(table.nr_times, 3);
	assert_string_equal(table.time_name[2].name, "elapsed");
	assert_int_equal(table.time[2], UINT64_MAX);
	host_table_release(&table);
}

static void no_exits_yet(void **state)
{
	struct host_table table;

	assert_int_equal(parse(HEAD "TOTAL - 0 0 0\n" TIMES, &table), 0);
	assert_int_equal(table.nr_rows, 0);
	host_table_release(&table);
}

/* A kernel of later times has columns and comments that this program never saw. */
static void another_column(void **state)
{
	static const char text[] = "# SVM exit reasons, instance 1, 2 Hz, 3 vCPUs\n"
				   "# and so on\n"
				   "reason code exits kernel sideways\n"
				   "CPUID 0x72 1 2 3\n"
				   "VCPU guest=1 upside=2\n";
	struct host_table table;

	assert_int_equal(parse(text, &table), 0);
	assert_string_equal(table.column[2].name, "sideways");
	assert_int_equal(table.row[0].value[2], 3);
	host_table_release(&table);
}

static const char *const texts[] = {
	"",
	"nonsense\n",
	HEAD,				/* cut off */
	HEAD ROWS,
	"CPUID 0x72 1 2 3\n" TIMES,	/* a row of no columns */
	HEAD "CPUID 0x72 1 2\n" TIMES,	/* too few */
	HEAD "CPUID 0x72 1 2 -3\n" TIMES,
	HEAD "CPUID 0x72 1 2 99999999999999999999\n" TIMES,
	HEAD "CPUID 0x72 1 2 3x\n" TIMES,
	HEAD "CPUID\n" TIMES,
	HEAD "A_REASON_WITH_A_NAME_THAT_IS_LONGER_THAN_ANY 0x1 1 2 3\n" TIMES,
	HEAD HEAD ROWS TIMES,
	HEAD ROWS "VCPU\n",
	HEAD ROWS "VCPU guest\n",
	HEAD ROWS "VCPU guest=x\n",
	"reason code kernel\nVCPU guest=1\n",
	"reason code exits\nVCPU guest=1\n",	/* of whom? */
	"reason code exits a b c d e f g h i j k l m n o p\n" TIMES,
};

static void not_a_table(void **state)
{
	struct host_table table;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], &table) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
		host_table_release(&table);
	}
}

static int parse_histograms(const char *text, struct host_table *table)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(in);
	err = host_histograms_read(in, table);
	fclose(in);
	return err;
}

static void histograms(void **state)
{
	struct host_table table;

	assert_int_equal(parse(HEAD ROWS TIMES, &table), 0);
	assert_int_equal(table.nr_buckets, 0);
	assert_int_equal(parse_histograms(HISTOGRAMS, &table), 0);
	assert_int_equal(table.nr_buckets, 4);
	assert_int_equal(table.shift, 9);
	/* NPF came too late for the table. */
	assert_int_equal(table.nr_rows, 3);
	assert_int_equal(table.row[2].longest, 10000);
	assert_int_equal(table.row[2].bucket[2], 3);
	assert_int_equal(table.row[2].bucket[3], 2);
	assert_int_equal(table.row[1].longest, 0);
	host_table_release(&table);
}

static const char *const no_histograms[] = {
	"",
	"IOIO 1 2 3\n",				/* of what? */
	"reason longest\n",
	"reason longest more\n",
	"reason longest 512 1024\n",		/* cut off */
	"reason shortest 512 more\n",
	"reason longest 500 1000 more\n",
	"reason longest 512 2048 more\n",
	"reason longest 0 0 more\n",
	"reason longest 512 more\nIOIO 1 2\n",
	"reason longest 512 more\nIOIO 1 2 x\n",
	"reason longest 512 more\nreason longest 512 more\n",
};

static void not_histograms(void **state)
{
	struct host_table table;
	size_t i;

	assert_int_equal(parse(HEAD ROWS TIMES, &table), 0);
	for (i = 0; i < sizeof(no_histograms) / sizeof(no_histograms[0]); i++) {
		if (parse_histograms(no_histograms[i], &table) != -EBADMSG)
			fail_msg("taken: %s", no_histograms[i]);
		assert_int_equal(table.nr_buckets, 0);
	}
	host_table_release(&table);
}

/* The last bucket has no bound, and 64 of them are the most. */
static void many_buckets(void **state)
{
	for (unsigned int bounds = 63; bounds <= 64; bounds++) {
		char text[2000] = "reason longest";
		struct host_table table = { .nr_rows = 0 };
		size_t length = strlen(text);

		for (unsigned int i = 0; i < bounds; i++)
			length += (size_t)snprintf(text + length, sizeof(text) - length, " %llu",
						   1ull << i);
		snprintf(text + length, sizeof(text) - length, " more\n");
		assert_int_equal(parse_histograms(text, &table), bounds == 63 ? 0 : -EBADMSG);
		assert_int_equal(table.nr_buckets, bounds == 63 ? 64 : 0);
	}
}

#define IDENTIFY(text, name_, uuid_) identify(text, sizeof(text), name_, uuid_)

static void identify(const char *text, size_t size, const char *expected_name,
		     const char *expected_uuid)
{
	char *name, *uuid;

	assert_int_equal(host_identify(text, size, &name, &uuid), 0);
	assert_string_equal(name, expected_name);
	assert_string_equal(uuid, expected_uuid);
	free(name);
	free(uuid);
}

static void names(void **state)
{
	IDENTIFY("qemu-system-x86_64\0-name\0web1\0-m\0512", "web1", "");
	IDENTIFY("qemu\0-name\0guest=web1,debug-threads=on\0-uuid\0u-1\0-m\0512", "web1", "u-1");
	IDENTIFY("qemu\0--name\0a,,b,process=x", "a,b", "");
	IDENTIFY("firecracker\0--id\0vm-7\0--api-sock\0/x", "vm-7", "");
	IDENTIFY("crosvm\0run\0--name=dev", "dev", "");
	IDENTIFY("lkvm\0run\0--name\0guest-1", "guest-1", "");
	/* What a terminal would obey, and what is no UTF-8 */
	IDENTIFY("qemu\0-name\0a\033[2J\n\302\233b\0-uuid\0\0337", "a?[2J??b", "?7");
	IDENTIFY("qemu\0-name\0caf\303\251", "caf\303\251", "");
	IDENTIFY("qemu\0-name\0caf\351", "caf?", "");
	/* Other options, and such that end too early */
	IDENTIFY("qemu\0-namespace\0x\0-device\0e1000,id=net0", "", "");
	IDENTIFY("qemu\0-name", "", "");
	IDENTIFY("", "", "");
	identify("qemu\0-name\0web1", sizeof("qemu\0-name\0web1") - 2, "", "");
}

/* A directory of debugfs and one of proc */
static char root[32] = "/tmp/test-host-XXXXXX";

static void put(const char *name, const char *text, size_t size)
{
	char path[256], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

#define PUT(name, text) put(name, text, sizeof(text) - 1)

static int make_host(void **state)
{
	if (!mkdtemp(root))
		return -1;
	PUT("kvm/exits", "12");				/* KVM's own */
	PUT("kvm/100-12/exit_stats", HEAD ROWS TIMES);
	PUT("proc/100/cmdline", "qemu\0-name\0we\"b\\1\0-uuid\0u-1\0");
	PUT("kvm/9-5/exit_stats", HEAD "CPUID 0x72 1 2 3\n" TIMES);
	PUT("kvm/200-3/other", "its table is gone");
	return 0;
}

static int remove_host(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static int run(char *output, size_t size, const char *const *words)
{
	char debugfs[64], *argv[16];
	int argc = 0, saved = dup(1), status;
	FILE *file = tmpfile();
	size_t n;

	snprintf(debugfs, sizeof(debugfs), "%s/kvm", root);
	argv[argc++] = (char *)"host";
	argv[argc++] = (char *)"-d";
	argv[argc++] = debugfs;
	while (*words)
		argv[argc++] = (char *)*words++;
	argv[argc] = NULL;
	fflush(stdout);
	dup2(fileno(file), 1);
	optind = 0;
	status = cmd_host.run(argc, argv);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(file);
	n = fread(output, 1, size - 1, file);
	output[n] = '\0';
	fclose(file);
	return status;
}

static void vms(void **state)
{
	char debugfs[64], proc[64];
	struct host_vms *all;
	size_t bad;

	snprintf(debugfs, sizeof(debugfs), "%s/kvm", root);
	snprintf(proc, sizeof(proc), "%s/proc", root);
	assert_int_equal(host_vms_read(debugfs, proc, &all, &bad), 0);
	assert_int_equal(bad, 0);
	assert_int_equal(all->nr, 2);
	assert_string_equal(all->vm[0].id, "9-5");
	assert_string_equal(all->vm[0].name, "");
	assert_string_equal(all->vm[1].id, "100-12");
	assert_int_equal(all->vm[1].pid, 100);
	assert_string_equal(all->vm[1].name, "we\"b\\1");
	assert_string_equal(all->vm[1].uuid, "u-1");
	host_vms_free(all);

	PUT("kvm/300-1/exit_stats", "nonsense\n");
	assert_int_equal(host_vms_read(debugfs, proc, &all, &bad), 0);
	assert_int_equal(bad, 1);
	assert_int_equal(all->nr, 2);
	host_vms_free(all);
	snprintf(debugfs, sizeof(debugfs), "%s/kvm/300-1/exit_stats", root);
	unlink(debugfs);

	assert_int_equal(host_vms_read("/nowhere", proc, &all, &bad), -ENOENT);
	host_vms_free(all);
}

#define WEB	"vm=\"100-12\",name=\"we\\\"b\\\\1\""
#define INFO	"pid=\"100\",uuid=\"u-1\",reasons=\"SVM\",instance=\"0x0123456789abcdef\"} 1\n"

static void metrics(void **state)
{
	char debugfs[64], proc[64], *text;
	struct host_vms *all;
	size_t bad, size;
	FILE *out;

	snprintf(debugfs, sizeof(debugfs), "%s/kvm", root);
	snprintf(proc, sizeof(proc), "%s/proc", root);
	assert_int_equal(host_vms_read(debugfs, proc, &all, &bad), 0);

	out = open_memstream(&text, &size);
	host_metrics(out, all, 1, 1);
	fclose(out);
	assert_non_null(strstr(text, "# TYPE kvm_vm_exits counter\n"));
	assert_non_null(strstr(text, "\nkvm_vm_exits_total{" WEB
				     ",reason=\"CPUID\",code=\"0x72\"} 10\n"));
	assert_non_null(strstr(text, "\nkvm_vm_exit_user_seconds_total{" WEB
				     ",reason=\"IOIO\",code=\"0x7b\"} 2\n"));
	assert_non_null(strstr(text, "reason=\"OTHER\"} 1\n"));
	assert_non_null(strstr(text, "\nkvm_vm_guest_seconds_total{vm=\"9-5\",name=\"\"} 4\n"));
	assert_non_null(strstr(text, INFO));
	assert_non_null(strstr(text, "\nkvm_vms 2\n"));
	assert_null(strstr(text, "TOTAL"));
	assert_string_equal(text + size - 6, "# EOF\n");
	free(text);

	out = open_memstream(&text, &size);
	host_metrics(out, all, 0, 0);
	fclose(out);
	assert_non_null(strstr(text, "# TYPE kvm_vm_exits_total counter\n"));
	assert_non_null(strstr(text, "# TYPE kvm_vm_info gauge\n"));
	assert_non_null(strstr(text, "\nkvm_exit_stats_enabled 0\n"));
	assert_null(strstr(text, "# EOF"));
	assert_null(strstr(text, "# UNIT"));
	free(text);
	host_vms_free(all);
}

/* As another program sees a file: its arguments, then the file's name. */
static void expect_program(const char *program, const char *file)
{
	char *command;

	assert_true(asprintf(&command, "%s %s >/dev/null", program, file) > 0);
	assert_int_equal(system(command), 0);
	free(command);
}

#define PARSER	"/usr/bin/python3 -c 'import sys; from prometheus_client.%sparser import *\n" \
		"n = [f.name for f in text_fd_to_metric_families(open(sys.argv[1]))]\n" \
		"assert \"kvm_vm_exits\" in n and \"kvm_vms\" in n, n'"

/* What Prometheus' own parsers say to it */
static void parsers(void **state)
{
	static const char *const openmetrics[] = { "--openmetrics", NULL };
	char file[64], program[400], text[20000];
	const char *const output[] = { "-o", file, NULL };

	assert_int_equal(run(text, sizeof(text), openmetrics), 0);
	put("openmetrics", text, strlen(text));
	snprintf(file, sizeof(file), "%s/openmetrics", root);
	snprintf(program, sizeof(program), PARSER, "openmetrics.");
	expect_program(program, file);

	snprintf(file, sizeof(file), "%s/kvm.prom", root);
	assert_int_equal(run(text, sizeof(text), output), 0);
	assert_string_equal(text, "");
	snprintf(program, sizeof(program), PARSER, "");
	expect_program(program, file);
	/* Nothing else is left lying about. */
	snprintf(program, sizeof(program), "[ $(ls %s | grep -c prom) = 1 ] && test -s", root);
	expect_program(program, file);
}

#define JSON_SAYS \
	"jq -e '.command == \"host\" and (.vms | length == 2) and (.vms[1] |" \
	".reasons == \"svm\" and .instance == \"0x0123456789abcdef\" and .guest == 8000000000 and" \
	"(.rows[2] | .reason == \"IOIO\" and .user == 4000000000) and" \
	"(.rows[0] | has(\"code\") | not))'"

static void formats(void **state)
{
	static const char *const none[] = { NULL }, *const csv[] = { "-x", ";", NULL };
	static const char *const json[] = { "--json", NULL };
	char text[20000], file[64], *web;

	assert_int_equal(run(text, sizeof(text), none), 0);
	assert_non_null(strstr(text, "VM exits of 2 VMs"));
	/* Most expensive first: IOIO before CPUID, as in the file the other way. */
	web = strstr(text, "100-12");
	assert_non_null(web);
	assert_true(strstr(web, "IOIO") < strstr(web, "CPUID"));
	assert_int_equal(run(text, sizeof(text), csv), 0);
	assert_non_null(strstr(text, "100-12;;IOIO;0x7b;5;6000000000;1200000000\n"));
	assert_int_equal(run(text, sizeof(text), json), 0);
	put("json", text, strlen(text));
	snprintf(file, sizeof(file), "%s/json", root);
	expect_program(JSON_SAYS, file);
	expect_program("./check-json", file);
}

#define JSON_OF_SINGLE \
	"jq -e '(.vms[0].rows | all(has(\"max_cycles\") | not)) and (.vms[1].rows |" \
	"(.[2] | .p50_cycles == 1877 and .max_cycles == 10000 and .p99_cycles == 9801) and" \
	"(.[0] | .p50_cycles == null and .max_cycles == null))'"

/* One of the two VMs has histograms. */
static void single_exits(void **state)
{
	static const char *const none[] = { NULL }, *const csv[] = { "-x", ";", NULL };
	static const char *const json[] = { "--json", NULL };
	char text[20000], file[64];

	assert_int_equal(run(text, sizeof(text), none), 0);
	assert_null(strstr(text, "P99"));
	PUT("kvm/100-12/exit_histogram", HISTOGRAMS);
	assert_int_equal(run(text, sizeof(text), none), 0);
	assert_non_null(strstr(text, "  P50   P99    MAX\n"));
	assert_int_equal(run(text, sizeof(text), csv), 0);
	assert_non_null(strstr(text, ";mean_cycles;p50_cycles;p99_cycles;max_cycles\n"));
	assert_non_null(strstr(text, ";IOIO;0x7b;5;6000000000;1200000000;1877;9801;10000\n"));
	assert_non_null(strstr(text, ";OTHER;;1;100;100;;;\n"));
	assert_non_null(strstr(text, "9-5;;CPUID;0x72;1;5;5;;;\n"));
	assert_int_equal(run(text, sizeof(text), json), 0);
	put("json", text, strlen(text));
	snprintf(file, sizeof(file), "%s/json", root);
	expect_program(JSON_OF_SINGLE, file);
	expect_program("./check-json", file);
	/* What is no histogram is complained about. */
	PUT("kvm/100-12/exit_histogram", "nonsense\n");
	assert_int_equal(run(text, sizeof(text), none), EXIT_FAILURE);
	snprintf(file, sizeof(file), "%s/kvm/100-12/exit_histogram", root);
	unlink(file);
}

static void mistakes(void **state)
{
	static const char *const extra[] = { "now", NULL };
	static const char *const both[] = { "--json", "-o", "x", NULL };
	static const char *const nowhere[] = { "-o", "/nowhere/x.prom", NULL };
	static const char *const no_dir[] = { "-d", "/nowhere", NULL };
	char text[1000];

	assert_int_equal(run(text, sizeof(text), extra), EXIT_USAGE);
	assert_int_equal(run(text, sizeof(text), both), EXIT_USAGE);
	assert_int_equal(run(text, sizeof(text), nowhere), EXIT_FAILURE);
	assert_int_equal(run(text, sizeof(text), no_dir), EXIT_FAILURE);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_table),
		cmocka_unit_test(no_exits_yet),
		cmocka_unit_test(another_column),
		cmocka_unit_test(not_a_table),
		cmocka_unit_test(histograms),
		cmocka_unit_test(not_histograms),
		cmocka_unit_test(many_buckets),
		cmocka_unit_test(names),
		cmocka_unit_test(vms),
		cmocka_unit_test(metrics),
		cmocka_unit_test(parsers),
		cmocka_unit_test(formats),
		cmocka_unit_test(single_exits),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests_name("host", tests, make_host, remove_host);
}
