// SPDX-License-Identifier: GPL-2.0-only
/* Reading recordings, sound and broken ones, and what they come to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/html.h"
#include "cli/recording.h"
#include "cli/summary.h"
#include "kvm_exit_stats.h"

#define SCALAR "\"shape\":1,\"shift\":0,\"elements\":1"
#define HEADER \
	"{\"exitstat\":\"recording\",\"version\":1,\"tool\":\"0.1\",\"reasons\":2," \
	"\"vcpus\":2,\"tsc_hz\":1000000,\"interval\":1.0,\"started\":1700000000," \
	"\"command\":[\"sh\",\"-c\",\"a <b> & \\u001b\"],\"statistics\":[" \
	"{\"name\":\"kernel\",\"number\":1,\"kind\":1,\"unit\":2,\"merge\":1," SCALAR "}," \
	"{\"name\":\"longest\",\"number\":5,\"kind\":1,\"unit\":2,\"merge\":2," SCALAR "}," \
	"{\"name\":\"histogram\",\"number\":6,\"kind\":1,\"unit\":1,\"merge\":1," \
	"\"shape\":2,\"shift\":8,\"elements\":3}," \
	"{\"name\":\"guest\",\"number\":128,\"kind\":2,\"unit\":2,\"merge\":1," SCALAR "}]}\n"

/* CPUID's slot and code, and another row that the second sample has anew. */
#define CPUID_ROW(exits, cycles, a, b) \
	"{\"reason\":\"CPUID\",\"slot\":77,\"code\":114," \
	"\"exits\":" #exits ",\"cycles\":" #cycles "," \
	"\"values\":{\"kernel\":" #cycles ",\"longest\":7" #a ",\"histogram\":[" #a "," #b ",0]}}"
#define HLT_ROW(exits, cycles) \
	",{\"reason\":\"HLT\",\"slot\":83,\"code\":120," \
	"\"exits\":" #exits ",\"cycles\":" #cycles "," \
	"\"values\":{\"kernel\":" #cycles ",\"longest\":9,\"histogram\":[0,0," #exits "]}}"
#define SAMPLE(n, t, instance, own, guest, rows) \
	"{\"n\":" #n ",\"t\":" #t ",\"instance\":\"" instance "\",\"features\":3," \
	"\"own\":" #own "," \
	"\"rows\":[" rows "],\"values\":{\"guest\":" #guest "}}\n"
#define ONE "00000000000000aa"
#define TWO "00000000000000bb"
#define END "{\"end\":\"command\",\"samples\":3,\"status\":7}\n"

#define FIRST	SAMPLE(0, 0.0, ONE, 10, 100, CPUID_ROW(100, 1000, 90, 10))
#define SECOND	SAMPLE(1, 1.0, ONE, 30, 300, CPUID_ROW(200, 2000, 180, 20) HLT_ROW(5, 50))
#define THIRD	SAMPLE(2, 3.0, ONE, 50, 700, CPUID_ROW(260, 2600, 230, 30) HLT_ROW(9, 90))

#define RESTARTED \
	SAMPLE(2, 3.0, TWO, 2, 7, CPUID_ROW(4, 40, 3, 1)) \
	SAMPLE(3, 4.0, TWO, 4, 9, CPUID_ROW(8, 80, 6, 2)) \
	"{\"end\":\"count\",\"samples\":4}\n"

static const char sound[] = HEADER FIRST SECOND THIRD END;

static char why[200];

static int read_text(const char *text, size_t length, struct recording **rec)
{
	FILE *in = fmemopen((void *)text, length, "r");
	int err;

	if (!length) {
		in = fopen("/dev/null", "r");
		assert_non_null(in);
	}
	err = recording_read(in, rec, why, sizeof(why));
	fclose(in);
	return err;
}

static int read_string(const char *text, struct recording **rec)
{
	return read_text(text, strlen(text), rec);
}

static void test_sound(void **state)
{
	struct recording *rec;

	assert_int_equal(read_string(sound, &rec), 0);
	assert_int_equal(rec->reasons, KVM_EXIT_STATS_NS_SVM);
	assert_int_equal(rec->nr_vcpus, 2);
	assert_int_equal(rec->tsc_hz, 1000000);
	assert_int_equal(rec->started, 1700000000);
	/* What a terminal would obey is not passed on. */
	assert_string_equal(rec->command, "sh -c a <b> & ?");
	assert_int_equal(rec->nr_stats, 4);
	assert_int_equal(rec->nr_row_values, 5);
	assert_int_equal(rec->nr_vcpu_values, 1);
	assert_int_equal(recording_stat(rec, 6)->nr_elements, 3);
	assert_int_equal(recording_stat(rec, 6)->first, 2);
	assert_null(recording_stat(rec, 4));
	assert_int_equal(rec->nr_samples, 3);
	assert_string_equal(rec->end, "command");
	assert_int_equal(rec->status, 7);
	assert_int_equal(rec->samples[1].nr_rows, 2);
	assert_string_equal(rec->samples[1].rows[1].name, "HLT");
	assert_int_equal(rec->samples[2].rows[0].values[3], 30);
	assert_int_equal(rec->samples[2].vcpu_values[0], 700);
	recording_free(rec);
}

static void test_summary(void **state)
{
	const struct summary_reason *cpuid, *hlt;
	struct recording *rec;
	struct summary *sum;

	assert_int_equal(read_string(sound, &rec), 0);
	sum = summary_new(rec, 0);
	assert_non_null(sum);
	assert_int_equal(sum->nr_intervals, 2);
	assert_int_equal(sum->nr_reasons, 2);
	assert_true(sum->seconds == 3.0);
	cpuid = &sum->reasons[0];
	hlt = &sum->reasons[1];
	assert_string_equal(cpuid->name, "CPUID");
	assert_int_equal(cpuid->exits, 160);
	assert_int_equal(cpuid->cycles, 1600);
	assert_int_equal(cpuid->interval_exits[0], 100);
	assert_int_equal(cpuid->interval_exits[1], 60);
	/* kernel; the longest, which is no sum; the histogram */
	assert_int_equal(cpuid->values[0], 1600);
	assert_int_equal(cpuid->values[1], 7230);
	assert_int_equal(cpuid->values[2], 140);
	assert_int_equal(cpuid->values[3], 20);
	/* A row that was not there had been zero. */
	assert_int_equal(hlt->exits, 9);
	assert_int_equal(hlt->values[4], 9);
	assert_int_equal(sum->exits, 169);
	assert_int_equal(sum->cycles, 1690);
	assert_int_equal(sum->intervals[0].exits, 105);
	assert_int_equal(sum->vcpu_values[0], 600);
	assert_int_equal(sum->own, 40);
	assert_false(sum->own_subtracted);
	summary_free(sum);

	/* 20 of 100 exits and 20 of 60 were the recorder's, with the mean of 10. */
	sum = summary_new(rec, 1);
	assert_non_null(sum);
	assert_int_equal(sum->reasons[0].exits, 120);
	assert_int_equal(sum->reasons[0].cycles, 1200);
	assert_int_equal(sum->own_cycles, 400);
	assert_true(sum->own_subtracted);
	assert_int_equal(sum->exits, 129);
	summary_free(sum);
	recording_free(rec);
}

static void test_restart(void **state)
{
	static const char text[] = HEADER FIRST SECOND RESTARTED;
	struct recording *rec;
	struct summary *sum;

	assert_int_equal(read_string(text, &rec), 0);
	assert_int_equal(rec->status, -1);
	sum = summary_new(rec, 0);
	assert_non_null(sum);
	assert_int_equal(sum->nr_gaps, 1);
	assert_true(sum->intervals[1].gap);
	assert_int_equal(sum->intervals[1].exits, 0);
	assert_true(sum->seconds == 2.0);
	assert_int_equal(sum->reasons[0].exits, 104);
	assert_int_equal(sum->vcpu_values[0], 202);
	summary_free(sum);
	recording_free(rec);
}

/* Wherever it ends, it is told; whole samples before that are there. */
static void test_cut_off(void **state)
{
	size_t header = strlen(HEADER), one = header + strlen(FIRST);
	size_t two = one + strlen(SECOND), three = two + strlen(THIRD);

	for (size_t length = 0; length < sizeof(sound) - 1; length++) {
		struct recording *rec;
		int err = read_text(sound, length, &rec);

		assert_true(why[0]);
		if (length < header) {
			assert_int_equal(err, -EBADMSG);
			assert_null(rec);
			continue;
		}
		assert_int_equal(err, -EMSGSIZE);
		if (length < one) {
			assert_null(rec);
			continue;
		}
		assert_non_null(rec);
		assert_int_equal(rec->nr_samples, length < two ? 1 : length < three ? 2 :
										      3);
		assert_string_equal(rec->end, "");
		recording_free(rec);
	}
}

static void test_broken(void **state)
{
	static const struct {
		const char *text, *said;
		int err;
	} tries[] = {
		{ "", "is empty", -EBADMSG },
		{ "\n", "is no recording of exitstat", -EBADMSG },
		{ "root:x:0:0\n", "is no recording of exitstat", -EBADMSG },
		{ "[1]\n", "is no recording of exitstat", -EBADMSG },
		{ "{\"exitstat\":\"report\"}\n", "is no recording of exitstat", -EBADMSG },
		{ "{\"exitstat\":\"recording\",\"version\":2}\n",
		  "is a recording of version 2, this program reads version 1", -ENOTSUP },
		{ "{\"exitstat\":\"recording\",\"version\":1}\n",
		  "line 1: the header lacks a member, or has a wrong one", -EBADMSG },
		{ HEADER "{}\n", "line 2: is not the sample that is next", -EBADMSG },
		{ HEADER "nonsense\n", "line 2: is no JSON object", -EBADMSG },
		{ HEADER FIRST FIRST, "line 3: is not the sample that is next", -EBADMSG },
		{ HEADER FIRST END, "line 3: the number of samples is not the one at the end",
		  -EBADMSG },
		{ HEADER FIRST SECOND THIRD END THIRD, "line 6: something follows the last line",
		  -EBADMSG },
		{ HEADER FIRST SAMPLE(1, 1.0, ONE, 30, 300, CPUID_ROW(99, 2000, 180, 20)),
		  "line 3: a counter goes backwards", -EBADMSG },
		{ HEADER SAMPLE(0, 2.0, ONE, 1, 1, "") SAMPLE(1, 1.0, ONE, 2, 2, ""),
		  "line 3: the sample is older than the one before", -EBADMSG },
		{ HEADER SAMPLE(0, 0.0, ONE, 5, 1, "") SAMPLE(1, 1.0, ONE, 4, 2, ""),
		  "line 3: \"own\" goes backwards", -EBADMSG },
		{ HEADER SAMPLE(0, 0.0, "12", 1, 1, ""),
		  "line 2: the sample lacks a member, or has a wrong one", -EBADMSG },
		{ HEADER SAMPLE(0, 0.0, ONE, 1, -1, ""),
		  "line 2: a statistic of the header has no sound value", -EBADMSG },
		{ HEADER SAMPLE(0, 0.0, ONE, 1, 1, "{\"reason\":\"\\u001b[31m\"}"),
		  "line 2: a row lacks a member, or has a wrong one", -EBADMSG },
		{ HEADER SAMPLE(0, 0.0, ONE, 1, 1, CPUID_ROW(1, 1, 1, 1) "," CPUID_ROW(1, 1, 1, 1)),
		  "line 2: the rows are not in order of slots", -EBADMSG },
		{ HEADER "{\"end\":\"count\",\"samples\":0}\n", "has no samples", -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct recording *rec;

		assert_int_equal(read_string(tries[i].text, &rec), tries[i].err);
		assert_string_equal(why, tries[i].said);
		assert_null(rec);
	}
}

static uint32_t pseudo_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Nothing that is read may harm; the sanitizers look on. */
static void test_mutations(void **state)
{
	size_t length = sizeof(sound) - 1, accepted = 0;
	uint32_t seed = 42;

	for (int round = 0; round < 20000; round++) {
		char *text = malloc(length), *page = NULL;
		struct recording *rec;
		size_t page_length;

		memcpy(text, sound, length);
		for (uint32_t n = pseudo_random(&seed) % 4 + 1; n; n--) {
			static const char likely[] = "0123456789-\"{}[]:,.e\n\0";
			size_t at = pseudo_random(&seed) % length;
			uint32_t nr = sizeof(likely) - 1;

			/* Every other round is about figures alone. */
			if (round & 1) {
				nr = 10;
				if (text[at] < '0' || text[at] > '9')
					continue;
			}
			text[at] = likely[pseudo_random(&seed) % nr];
		}
		if (!read_text(text, length, &rec)) {
			struct summary *sum = summary_new(rec, round & 2);
			FILE *out = open_memstream(&page, &page_length);

			assert_non_null(sum);
			assert_int_equal(html_report(out, sum, "<title>"), 0);
			fclose(out);
			summary_free(sum);
			accepted++;
		}
		recording_free(rec);
		free(page);
		free(text);
	}
	/* Else it was the parser that was tested, and nothing behind it. */
	assert_true(accepted > 1000);
}

/* What came from elsewhere does not become part of the page's structure. */
static void test_html_escapes(void **state)
{
	struct recording *rec;
	struct summary *sum;
	char *page = NULL;
	size_t length;
	FILE *out;

	assert_int_equal(read_string(sound, &rec), 0);
	sum = summary_new(rec, 1);
	out = open_memstream(&page, &length);
	assert_int_equal(html_report(out, sum, "a<b>&\"c"), 0);
	fclose(out);
	assert_non_null(strstr(page, "<title>a&lt;b&gt;&amp;&quot;c</title>"));
	assert_non_null(strstr(page, "sh -c a &lt;b&gt; &amp; ?"));
	assert_null(strstr(page, "<b>&"));
	assert_non_null(strstr(page, "data-reason=\"CPUID\" data-exits=\"120\""));
	assert_non_null(strstr(page, "data-cycles=\"1200\""));
	assert_non_null(strstr(page, "<tr id=\"total\" data-exits=\"129\" data-cycles=\"1290\">"));
	/* Nothing is fetched from anywhere. */
	assert_null(strstr(page, "http"));
	assert_null(strstr(page, "src="));
	summary_free(sum);
	recording_free(rec);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_html_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
