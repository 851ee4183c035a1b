// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/explanations.h"
#include "cli/html.h"
#include "kvm_exit_stats.h"

/* More reasons than this make one series, "all others". */
#define MAX_SERIES	8
/* More intervals than this are put together. */
#define MAX_BINS	120
/* Reasons whose distribution is drawn */
#define MAX_DISTRIBUTIONS 12

/* A chart's size in SVG units, and the room for its axes */
#define WIDTH		920.0
#define HEIGHT		250.0
#define LEFT		56.0
#define RIGHT		8.0
#define TOP		12.0
#define BOTTOM		26.0

/* Told apart with the usual defects of colour vision, on white and on black */
static const char *const colours[MAX_SERIES + 1] = {
	"#4269d0",
	"#efb118",
	"#ff725c",
	"#6cc5b0",
	"#3ca951",
	"#ff8ab7",
	"#a463f2",
	"#9c6b4e",
	"#9498a0",
};

static const char style[] =
	":root{color-scheme:light dark;--ink:#1b1e23;--dim:#5c6470;--line:#d9dce1;\n"
	"--paper:#fff;--card:#f6f7f9}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--dim:#9aa3af;\n"
	"--line:#363b43;--paper:#15181c;--card:#1e2227}}\n"
	"body{margin:0 auto;padding:1.5rem;max-width:64rem;background:var(--paper);\n"
	"color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
	"h3{font-size:.95rem;margin:0}p{margin:.3rem 0}.dim{color:var(--dim)}\n"
	".warn{border-left:4px solid #efb118;padding-left:.7rem}\n"
	".tiles{display:flex;flex-wrap:wrap;gap:.7rem;margin:1.2rem 0}\n"
	".tile{background:var(--card);border-radius:6px;padding:.6rem .9rem;flex:1 1 10rem}\n"
	".tile b{display:block;font-size:1.35rem;font-weight:600}\n"
	".tile span{color:var(--dim);font-size:.85rem}\n"
	"svg{display:block;width:100%;height:auto;font:11px system-ui,sans-serif}\n"
	"svg text{fill:var(--dim)}.grid{stroke:var(--line)}.bin.gap{fill:var(--line)}\n"
	".bin{fill:transparent}.bin:hover{fill:var(--ink);fill-opacity:.12}\n"
	".legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;\n"
	"padding:0;margin:.3rem 0}.legend i,td i{display:inline-block;width:.75em;\n"
	"height:.75em;border-radius:2px;margin-right:.4em}\n"
	".readout{min-height:1.5em;color:var(--dim);font-size:.85rem}\n"
	".few{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:.8rem}\n"
	".few>div{background:var(--card);border-radius:6px;padding:.6rem .8rem}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;\n"
	"font-variant-numeric:tabular-nums}th,td{padding:.25rem .6rem;text-align:right;\n"
	"border-bottom:1px solid var(--line);white-space:nowrap}\n"
	"th:first-child,td:first-child{text-align:left}\n"
	"td.what{white-space:normal;text-align:left;color:var(--dim);font-size:.9rem}\n"
	"tfoot td{font-weight:600;border-bottom:0}summary{cursor:pointer}\n"
	"details[open] summary{font-weight:600}.dull{opacity:.15}\n";

/* What the page gains by it: the figures of an interval beside the chart. */
static const char script[] =
	"for(const chart of document.querySelectorAll('.chart')){\n"
	"const out=chart.querySelector('.readout'),idle=out.textContent;\n"
	"for(const bin of chart.querySelectorAll('.bin')){\n"
	"bin.addEventListener('pointerenter',()=>{\n"
	"out.textContent=bin.querySelector('title').textContent.replace(/\\n/g,' \\u00b7 ')});\n"
	"bin.addEventListener('pointerleave',()=>{out.textContent=idle})}}\n"
	"for(const item of document.querySelectorAll('.legend li')){\n"
	"const other=on=>{for(const p of document.querySelectorAll('path[data-series]'))\n"
	"p.classList.toggle('dull',on&&p.dataset.series!==item.dataset.series)};\n"
	"item.addEventListener('pointerenter',()=>other(true));\n"
	"item.addEventListener('pointerleave',()=>other(false))}\n";

struct bin {
	double from, to;
	double length;		/* without its gaps */
	uint64_t exits[MAX_SERIES + 1];
	uint64_t cycles[MAX_SERIES + 1];
};

struct page {
	FILE *out;
	const struct summary *sum;
	size_t nr_series;	/* the last one is "all others", if there are */
	int others;
	size_t nr_bins;
	struct bin *bins;
};

/* --- text ----------------------------------------------------------------- */

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			putc(*text, out);
		}
	}
}

/* 1234567 as "1.23M"; in a buffer of the caller's, for use as an argument */
static const char *short_number(char buffer[24], double value)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
	size_t i = 0;

	while (value >= 999.5 && i < sizeof(units) / sizeof(units[0]) - 1) {
		value /= 1000;
		i++;
	}
	snprintf(buffer, 24, "%.3g%s", value, units[i]);
	return buffer;
}

static const char *duration(char buffer[24], double seconds)
{
	static const char *const units[] = { "s", "ms", "µs", "ns" };
	size_t i = 0;

	while (seconds < 0.9995 && i < sizeof(units) / sizeof(units[0]) - 1) {
		seconds *= 1000;
		i++;
	}
	snprintf(buffer, 24, "%.3g %s", seconds, units[i]);
	return buffer;
}

/* Cycles as time, if the host tells the frequency */
static const char *cost(const struct page *page, char buffer[24], double cycles)
{
	uint64_t hz = page->sum->rec->tsc_hz;

	if (hz)
		return duration(buffer, cycles / (double)hz);
	return short_number(buffer, cycles);
}

static double part_of(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* --- bins and series ------------------------------------------------------ */

static const char *series_name(const struct page *page, size_t series)
{
	if (page->others && series == page->nr_series - 1)
		return "all others";
	return page->sum->reasons[series].name;
}

static const char *series_colour(const struct page *page, size_t series)
{
	if (page->others && series == page->nr_series - 1)
		return colours[MAX_SERIES];
	return colours[series];
}

static void add_to_bin(const struct page *page, struct bin *bin, size_t index)
{
	const struct summary_interval *interval = &page->sum->intervals[index];
	size_t r;

	bin->to = interval->to;
	if (interval->gap)
		return;
	bin->length += interval->to - interval->from;
	for (r = 0; r < page->sum->nr_reasons; r++) {
		size_t series = r < MAX_SERIES ? r : MAX_SERIES;

		bin->exits[series] += page->sum->reasons[r].interval_exits[index];
		bin->cycles[series] += page->sum->reasons[r].interval_cycles[index];
	}
}

/*
 * What is shorter than half an interval, as the last one may be, goes with its
 * neighbour: a few exits in a moment make a high rate that says nothing.
 */
static int make_bins(struct page *page)
{
	const struct summary *sum = page->sum;
	size_t each = (sum->nr_intervals + MAX_BINS - 1) / MAX_BINS;
	double least = sum->rec->interval / 2;
	struct bin *bin = NULL;
	size_t i, in_bin = 0;

	page->others = sum->nr_reasons > MAX_SERIES;
	page->nr_series = page->others ? MAX_SERIES + 1 : sum->nr_reasons;
	page->bins = calloc(MAX_BINS + 1, sizeof(*page->bins));
	if (!page->bins)
		return -ENOMEM;
	for (i = 0; i < sum->nr_intervals; i++, in_bin++) {
		const struct summary_interval *interval = &sum->intervals[i];

		if (!bin || (in_bin >= each && bin->to - bin->from >= least &&
			     interval->to - interval->from >= least)) {
			bin = &page->bins[page->nr_bins++];
			bin->from = interval->from;
			in_bin = 0;
		}
		add_to_bin(page, bin, i);
	}
	return 0;
}

/* --- a chart over time ---------------------------------------------------- */

/* What is drawn, an amount a second */
struct measure {
	const char *id;
	const char *title;
	const char *unit;
	double scale;
	int cycles;
};

static double amount(const struct measure *measure, const struct bin *bin,
		     size_t series)
{
	uint64_t number = measure->cycles ? bin->cycles[series] : bin->exits[series];

	return bin->length > 0 ? (double)number * measure->scale / bin->length : 0;
}

static double amount_of_all(const struct page *page,
			    const struct measure *measure, const struct bin *bin)
{
	double sum = 0;
	size_t s;

	for (s = 0; s < page->nr_series; s++)
		sum += amount(measure, bin, s);
	return sum;
}

/* A step of 1, 2 or 5 times a power of ten that makes about five of them. */
static double nice_step(double most)
{
	double power, rest;

	if (!(most > 0))
		return 1;
	power = pow(10, floor(log10(most / 5)));
	rest = most / 5 / power;
	if (rest > 5)
		return 10 * power;
	if (rest > 2)
		return 5 * power;
	return rest > 1 ? 2 * power : power;
}

static void draw_axes(const struct page *page, double from, double to, double most,
		      double step)
{
	double seconds = to - from, x_step = nice_step(seconds), value;
	char number[24];

	for (value = 0; value <= most * 1.0001; value += step) {
		double y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most;

		fprintf(page->out, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\"", LEFT,
			WIDTH - RIGHT);
		fprintf(page->out, " y1=\"%.1f\" y2=\"%.1f\"/>", y, y);
		fprintf(page->out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT - 6, y + 4, short_number(number, value));
	}
	for (value = 0; value <= seconds * 1.0001; value += x_step) {
		double x = LEFT + (WIDTH - LEFT - RIGHT) * value / seconds;
		int last = value + x_step > seconds * 1.0001;

		fprintf(page->out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%.6g%s</text>\n",
			x, HEIGHT - 8, last && x > WIDTH - 40 ? "end" : "middle",
			value, last ? " s" : "");
	}
}

static void draw_series(const struct page *page, const struct measure *measure,
			size_t series, double most)
{
	double from = page->bins[0].from;
	double seconds = page->bins[page->nr_bins - 1].to - from;
	double x_unit = (WIDTH - LEFT - RIGHT) / seconds;
	double y_unit = (HEIGHT - TOP - BOTTOM) / most;
	size_t b, s;

	fprintf(page->out, "<path data-series=\"%zu\" fill=\"%s\" d=\"", series,
		series_colour(page, series));
	for (b = 0; b < page->nr_bins; b++) {
		const struct bin *bin = &page->bins[b];
		double value = amount(measure, bin, series), below = 0;

		if (!(value > 0))
			continue;
		for (s = 0; s < series; s++)
			below += amount(measure, bin, s);
		fprintf(page->out, "M%.2f %.2fH%.2fV%.2fH%.2fZ",
			LEFT + (bin->from - from) * x_unit,
			HEIGHT - BOTTOM - below * y_unit,
			LEFT + (bin->to - from) * x_unit,
			HEIGHT - BOTTOM - (below + value) * y_unit,
			LEFT + (bin->from - from) * x_unit);
	}
	fputs("\"/>\n", page->out);
}

/* What lies over an interval, to point at: its figures */
static void draw_bin(const struct page *page, const struct measure *measure,
		     const struct bin *bin)
{
	double from = page->bins[0].from;
	double seconds = page->bins[page->nr_bins - 1].to - from;
	double x_unit = (WIDTH - LEFT - RIGHT) / seconds;
	uint64_t number = 0;
	char text[24];
	size_t s;

	for (s = 0; s < page->nr_series; s++)
		number += measure->cycles ? bin->cycles[s] : bin->exits[s];
	fprintf(page->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.0f\"",
		bin->length > 0 ? "bin" : "bin gap",
		LEFT + (bin->from - from) * x_unit, TOP);
	fprintf(page->out, " width=\"%.2f\" height=\"%.0f\"",
		(bin->to - bin->from) * x_unit, HEIGHT - TOP - BOTTOM);
	fprintf(page->out, " data-number=\"%" PRIu64 "\"><title>%.6g to %.6g s",
		number, bin->from, bin->to);
	if (bin->length > 0)
		fprintf(page->out, "\nall: %s %s",
			short_number(text, amount_of_all(page, measure, bin)),
			measure->unit);
	else
		fputs("\nthe counters restarted", page->out);
	for (s = 0; s < page->nr_series; s++) {
		if (!(amount(measure, bin, s) > 0))
			continue;
		putc('\n', page->out);
		put_text(page->out, series_name(page, s));
		fprintf(page->out, ": %s", short_number(text, amount(measure, bin, s)));
	}
	fputs("</title></rect>\n", page->out);
}

static void put_legend(const struct page *page)
{
	size_t s;

	fputs("<ul class=\"legend\">", page->out);
	for (s = 0; s < page->nr_series; s++) {
		fprintf(page->out, "<li data-series=\"%zu\"><i style=\"background:%s\"></i>", s,
			series_colour(page, s));
		put_text(page->out, series_name(page, s));
		fputs("</li>", page->out);
	}
	fputs("</ul>\n", page->out);
}

static void put_chart(const struct page *page, const struct measure *measure)
{
	double most = 0, step;
	size_t b, s;

	for (b = 0; b < page->nr_bins; b++)
		most = fmax(most, amount_of_all(page, measure, &page->bins[b]));
	step = nice_step(most);
	/* What rounding adds to a whole number of steps is no step more. */
	most = fmax(step, ceil(most / step * 0.999999999) * step);

	fprintf(page->out, "<section class=\"chart\" id=\"%s\"><h2>%s</h2>\n",
		measure->id, measure->title);
	put_legend(page);
	fprintf(page->out,
		"<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s over time, by reason\">\n",
		WIDTH, HEIGHT, measure->title);
	draw_axes(page, page->bins[0].from, page->bins[page->nr_bins - 1].to, most,
		  step);
	for (s = 0; s < page->nr_series; s++)
		draw_series(page, measure, s, most);
	for (b = 0; b < page->nr_bins; b++)
		draw_bin(page, measure, &page->bins[b]);
	fputs("</svg><p class=\"readout\">Point at an interval for its figures.</p></section>\n",
	      page->out);
}

static void put_charts(const struct page *page)
{
	uint64_t hz = page->sum->rec->tsc_hz;
	const struct measure exits = {
		.id = "chart-exits",
		.title = "Exits per second",
		.unit = "exits/s",
		.scale = 1,
	};
	const struct measure cycles = {
		.id = "chart-cycles",
		.title = hz ? "Processing, in CPU milliseconds per second" :
			      "Processing, in cycles per second",
		.unit = hz ? "ms/s" : "cycles/s",
		.scale = hz ? 1000.0 / (double)hz : 1,
		.cycles = 1,
	};

	if (!page->nr_bins || page->sum->seconds <= 0)
		return;
	put_chart(page, &exits);
	put_chart(page, &cycles);
}

/* --- how long single exits took ------------------------------------------- */

static const struct exitstat_stat *histogram_stat(const struct recording *rec)
{
	const struct exitstat_stat *stat;
	size_t i;

	for (i = 0; i < rec->nr_stats; i++) {
		stat = &rec->stats[i];
		if (stat->kind == KVM_EXIT_STATS_KIND_ROW &&
		    stat->shape == EXITSTAT_LOG2 && stat->nr_elements > 1)
			return stat;
	}
	return NULL;
}

/* The lower bound of an element */
static double element_from(const struct exitstat_stat *stat, size_t element)
{
	return element ? ldexp(1, (int)(stat->shift + element - 1)) : 0;
}

static void draw_element(const struct page *page, const struct exitstat_stat *stat,
			 size_t element, uint64_t number, double x, double width,
			 double height)
{
	char from[24], to[24];

	fprintf(page->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", x,
		96 - height, width, height);
	fprintf(page->out, " data-number=\"%" PRIu64 "\">", number);
	cost(page, from, element_from(stat, element));
	cost(page, to, element_from(stat, element + 1));
	if (element + 1 < stat->nr_elements)
		fprintf(page->out, "<title>%s to %s: %" PRIu64 " exits</title></rect>\n",
			from, to, number);
	else
		fprintf(page->out, "<title>from %s: %" PRIu64 " exits</title></rect>\n",
			from, number);
}

/* The elements that are drawn: the same for all reasons, so that they compare. */
struct span {
	size_t first, last;
};

static struct span span_of(const struct page *page, const struct exitstat_stat *stat)
{
	struct span span = { stat->nr_elements - 1, 0 };
	size_t r, i;

	for (r = 0; r < page->sum->nr_reasons && r < MAX_DISTRIBUTIONS; r++) {
		const uint64_t *values = page->sum->reasons[r].values + stat->first;

		for (i = 0; i < stat->nr_elements; i++) {
			if (!values[i])
				continue;
			if (i < span.first)
				span.first = i;
			if (i > span.last)
				span.last = i;
		}
	}
	return span;
}

static void draw_bounds(const struct page *page, const struct exitstat_stat *stat,
			const struct span *span)
{
	int open = span->last == stat->nr_elements - 1;
	char text[24];

	fputs("<line class=\"grid\" x1=\"0\" x2=\"300\" y1=\"96\" y2=\"96\"/>", page->out);
	fprintf(page->out, "<text x=\"0\" y=\"109\">%s</text>",
		cost(page, text, element_from(stat, span->first)));
	fprintf(page->out, "<text x=\"300\" y=\"109\" text-anchor=\"end\">%s%s</text>\n",
		open ? "over " : "",
		cost(page, text, element_from(stat, open ? span->last : span->last + 1)));
}

static void put_distribution(const struct page *page, const struct exitstat_stat *stat,
			     const struct span *span, size_t series)
{
	const struct summary_reason *reason = &page->sum->reasons[series];
	const uint64_t *values = reason->values + stat->first;
	double width = 300.0 / (double)(span->last - span->first + 1);
	const uint64_t longest = summary_longest(page->sum, reason);
	double most = 0, median, tail;
	char text[24], other[24];
	size_t i;

	for (i = span->first; i <= span->last; i++)
		most = fmax(most, (double)values[i]);
	fputs("<div class=\"distribution\" data-reason=\"", page->out);
	put_text(page->out, reason->name);
	fputs("\"><h3>", page->out);
	put_text(page->out, reason->name);
	fputs("</h3>", page->out);
	if (!exitstat_quantile(stat, values, 0.5, longest, &median) &&
	    !exitstat_quantile(stat, values, 0.99, longest, &tail))
		fprintf(page->out, "<p class=\"dim\">half within %s, 99 %% within %s</p>",
			cost(page, text, median), cost(page, other, tail));
	fprintf(page->out,
		"<svg viewBox=\"0 0 300 112\" role=\"img\" aria-label=\"Distribution\" fill=\"%s\">\n",
		colours[series < MAX_SERIES ? series : MAX_SERIES]);
	for (i = span->first; i <= span->last && most > 0; i++)
		if (values[i])
			draw_element(page, stat, i, values[i],
				     width * (double)(i - span->first),
				     width > 3 ? width - 1 : width,
				     fmax(90.0 * (double)values[i] / most, 1));
	draw_bounds(page, stat, span);
	fputs("</svg></div>\n", page->out);
}

static void put_distributions(const struct page *page)
{
	const struct exitstat_stat *stat = histogram_stat(page->sum->rec);
	struct span span;
	size_t i;

	if (!stat || !page->sum->nr_reasons)
		return;
	span = span_of(page, stat);
	if (span.first > span.last)
		return;
	fputs("<section id=\"distributions\"><h2>How long single exits took</h2>\n", page->out);
	fputs("<p class=\"dim\">Each bar stands for times twice as long as the one\n", page->out);
	fputs("before it. Heights compare within a reason.</p>\n<div class=\"few\">\n", page->out);
	for (i = 0; i < page->sum->nr_reasons && i < MAX_DISTRIBUTIONS; i++)
		put_distribution(page, stat, &span, i);
	fputs("</div></section>\n", page->out);
}

/* --- figures -------------------------------------------------------------- */

static void put_tile(const struct page *page, const char *id, const char *text,
		     const char *what)
{
	fprintf(page->out, "<div class=\"tile\" id=\"%s\"><b>", id);
	put_text(page->out, text);
	fprintf(page->out, "</b><span>%s</span></div>\n", what);
}

static void put_tiles(const struct page *page)
{
	const struct summary *sum = page->sum;
	char text[64];

	fputs("<div class=\"tiles\">\n", page->out);
	snprintf(text, sizeof(text), "%" PRIu64, sum->exits);
	put_tile(page, "tile-exits", text, "exits");
	if (sum->seconds > 0) {
		put_tile(page, "tile-rate",
			 short_number(text, (double)sum->exits / sum->seconds),
			 "exits per second");
		if (sum->rec->tsc_hz) {
			snprintf(text, sizeof(text), "%.2f %%",
				 100.0 * (double)sum->cycles /
					 (double)sum->rec->tsc_hz / sum->seconds);
			put_tile(page, "tile-share", text, "of one CPU went into processing them");
		}
	}
	if (sum->nr_reasons)
		put_tile(page, "tile-dearest", sum->reasons[0].name, "costs most");
	fputs("</div>\n", page->out);
}

static void put_explanation(const struct page *page, const struct summary_reason *reason)
{
	const struct explanation *text;

	text = explanation(page->sum->rec->reasons, reason->slot);
	if (!text) {
		put_text(page->out, reason->name);
		return;
	}
	fputs("<details><summary>", page->out);
	put_text(page->out, reason->name);
	fputs("</summary><div class=\"what\" style=\"max-width:26rem;white-space:normal\">",
	      page->out);
	put_text(page->out, text->cause);
	putc(' ', page->out);
	put_text(page->out, text->cost);
	fputs("</div></details>", page->out);
}

static void put_row(const struct page *page, size_t index)
{
	const struct summary *sum = page->sum;
	const struct summary_reason *reason = &sum->reasons[index];
	char text[24];

	fputs("<tr data-reason=\"", page->out);
	put_text(page->out, reason->name);
	fprintf(page->out, "\" data-exits=\"%" PRIu64 "\" data-cycles=\"%" PRIu64 "\"><td>",
		reason->exits, reason->cycles);
	put_explanation(page, reason);
	if (reason->slot)
		fprintf(page->out, "</td><td>0x%" PRIx32, reason->code);
	else
		fputs("</td><td>-", page->out);
	fprintf(page->out, "</td><td>%" PRIu64 "</td>", reason->exits);
	if (sum->seconds > 0)
		fprintf(page->out, "<td>%.1f</td>", (double)reason->exits / sum->seconds);
	else
		fputs("<td>-</td>", page->out);
	fprintf(page->out, "<td>%.2f</td><td>%" PRIu64 "</td>",
		part_of(reason->exits, sum->exits), reason->cycles);
	if (reason->exits)
		fprintf(page->out, "<td>%s</td>",
			cost(page, text, (double)reason->cycles / (double)reason->exits));
	else
		fputs("<td>-</td>", page->out);
	fprintf(page->out, "<td>%.2f</td></tr>\n", part_of(reason->cycles, sum->cycles));
}

static void put_table(const struct page *page)
{
	const struct summary *sum = page->sum;
	size_t i;

	fputs("<section id=\"figures\"><h2>By reason, most expensive first</h2>\n", page->out);
	fputs("<p class=\"dim\">Open a reason to read what causes it and what reduces it.</p>\n",
	      page->out);
	fputs("<div class=\"wide\"><table><thead><tr><th>Reason</th><th>Code</th><th>Exits</th>",
	      page->out);
	fputs("<th>Exits/s</th><th>% of exits</th><th>Cycles</th><th>Mean</th>", page->out);
	fputs("<th>% of cycles</th></tr></thead>\n<tbody>\n", page->out);
	for (i = 0; i < sum->nr_reasons; i++)
		put_row(page, i);
	fprintf(page->out, "</tbody>\n<tfoot><tr id=\"total\" data-exits=\"%" PRIu64 "\"",
		sum->exits);
	fprintf(page->out, " data-cycles=\"%" PRIu64 "\"><td>Total</td><td></td>", sum->cycles);
	fprintf(page->out, "<td>%" PRIu64 "</td>", sum->exits);
	if (sum->seconds > 0)
		fprintf(page->out, "<td>%.1f</td>", (double)sum->exits / sum->seconds);
	else
		fputs("<td>-</td>", page->out);
	fprintf(page->out, "<td></td><td>%" PRIu64 "</td><td></td><td></td></tr></tfoot>",
		sum->cycles);
	fputs("</table></div></section>\n", page->out);
}

static const char *vendor(const struct recording *rec)
{
	switch (rec->reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		return "Intel VMX";
	case KVM_EXIT_STATS_NS_SVM:
		return "AMD SVM";
	default:
		return "unknown vendor";
	}
}

static void put_head(const struct page *page, const char *title)
{
	const struct recording *rec = page->sum->rec;
	char when[40] = "";
	struct tm tm;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n", page->out);
	fputs("<meta name=\"viewport\" content=\"width=device-width\">\n<title>", page->out);
	put_text(page->out, title);
	fprintf(page->out, "</title>\n<style>\n%s</style></head><body>\n<h1>", style);
	put_text(page->out, title);
	fputs("</h1>\n<p class=\"dim\">", page->out);
	if (gmtime_r(&rec->started, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(page->out, "%s; %.6g s in %zu intervals; %s, %" PRIu32 " vCPU%s", when,
		rec->samples[rec->nr_samples - 1].seconds, page->sum->nr_intervals,
		vendor(rec), rec->nr_vcpus, rec->nr_vcpus == 1 ? "" : "s");
	if (rec->tsc_hz)
		fprintf(page->out, ", TSC %.3f MHz", (double)rec->tsc_hz / 1e6);
	fputs("</p>\n", page->out);
	if (rec->command) {
		fputs("<p>Command: <code>", page->out);
		put_text(page->out, rec->command);
		fputs("</code>", page->out);
		if (rec->status >= 0)
			fprintf(page->out, ", exit status %d", rec->status);
		fputs("</p>\n", page->out);
	}
	if (!rec->end[0] || !strcmp(rec->end, "error"))
		fputs("<p class=\"warn\">The recording ended early; this is what it holds.</p>\n",
		      page->out);
	if (page->sum->nr_gaps)
		fprintf(page->out,
			"<p class=\"warn\">%zu of %zu intervals are left out (grey): the counters restarted, or rows were hidden.</p>\n",
			page->sum->nr_gaps, page->sum->nr_intervals);
}

static void put_foot(const struct page *page)
{
	const struct summary *sum = page->sum;

	fputs("<p class=\"dim\">Cycles are those of processing, in KVM and in the VMM; idle\n",
	      page->out);
	fprintf(page->out, "time is not in them. Recording caused %" PRIu64 " CPUID exits,\n",
		sum->own);
	if (sum->own_subtracted)
		fputs("taken out with their row's mean, but not out of its distribution.\n",
		      page->out);
	else
		fputs("which are in these figures.\n", page->out);
	fprintf(page->out, "Made by exitstat %s.</p>\n<script>\n%s</script>\n</body></html>\n",
		EXITSTAT_VERSION, script);
}

int html_report(FILE *out, const struct summary *sum, const char *title)
{
	struct page page = { .out = out, .sum = sum };
	int err = make_bins(&page);

	if (err)
		return err;
	put_head(&page, title);
	put_tiles(&page);
	put_charts(&page);
	put_table(&page);
	put_distributions(&page);
	put_foot(&page);
	free(page.bins);
	return 0;
}
