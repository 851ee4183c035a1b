// SPDX-License-Identifier: GPL-2.0-only
/* exitstat top: what happens now, over the whole screen. */
#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "explanations.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"
#include "options.h"
#include "report.h"
#include "snapshots.h"
#include "terminals.h"

#define HELP \
	"Usage: exitstat top [-i SECONDS] [--sort KEY]\n" \
	"\n" \
	"Show the VM exits of this guest as they happen, over the whole screen.\n" \
	"\n" \
	"  -i, --interval S    seconds between two looks (1)\n" \
	"      --sort KEY      time (default), exits, mean, name or code\n" \
	HELP_HELP \
	"\n" \
	"Keys: q quit; p pause; s next sort key, or t x m n c for time, exits, mean,\n" \
	"name, code; v each vCPU's time; + and - longer and shorter interval; arrows and\n" \
	"Enter explain a reason.\n"

static const char keys[] =
	"q quit  p pause  s sort  v vCPUs  +/- interval  arrows, Enter: explain  h help";

/* Lines above and below the rows */
#define HEAD		5
#define FOOT		1
/* Narrower or lower than this shows nothing that is of use. */
#define MIN_COLUMNS	60
#define MIN_LINES	10
#define BAR_COLUMN	62
#define MAX_INTERVAL	60.0
#define MIN_INTERVAL	0.1

enum colour {
	COLOUR_HEAD = 1,
	COLOUR_BAR,
	COLOUR_WARN,
	COLOUR_PART,		/* and those after it */
};

/* Where a vCPU's cycles can be */
enum part {
	PART_GUEST,
	PART_KERNEL,
	PART_USER,
	PART_IDLE,
	PART_PREEMPTED,
	PART_STOPPED,
	NR_PARTS,
};

static const struct {
	uint32_t stat;
	const char *name;
	char letter;		/* in a bar, for want of colours */
	short colour;
} parts[NR_PARTS] = {
	[PART_GUEST] = { KVM_EXIT_STAT_GUEST, "guest", 'g', COLOR_GREEN },
	[PART_KERNEL] = { KVM_EXIT_STAT_KERNEL, "kernel", 'k', COLOR_RED },
	[PART_USER] = { KVM_EXIT_STAT_USER, "user", 'u', COLOR_YELLOW },
	[PART_IDLE] = { KVM_EXIT_STAT_IDLE, "idle", 'i', COLOR_BLUE },
	[PART_PREEMPTED] = { KVM_EXIT_STAT_PREEMPTED, "preempted", 'p', COLOR_MAGENTA },
	[PART_STOPPED] = { KVM_EXIT_STAT_STOPPED, "stopped", 's', COLOR_CYAN },
};

struct top {
	struct exitstat *es;
	double interval;
	enum sort_key sort;
	int paused;
	int vcpus;		/* this view, not that of reasons */
	int coloured;
	size_t selected;	/* row */
	uint32_t slot;		/* of it, so that it stays the same reason */
	int has_slot;		/* somebody selected one */
	size_t first;		/* that is on the screen */
	uint64_t restarts;

	struct options options;	/* of the snapshots */
	struct snapshots *before;
	/* The VM and then, in that view, its vCPUs */
	struct snapshots *diff;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

/* --- figures -------------------------------------------------------------- */

/* In at most six columns: "1234", "12.3k" */
static void short_number(char *text, size_t size, double value)
{
	static const char units[] = " kMGTPE";
	size_t i = 0;

	while (value >= 9999.5 && units[i + 1]) {
		value /= 1000;
		i++;
	}
	if (!i)
		snprintf(text, size, value < 99.95 && value != (double)(int)value ? "%.1f" : "%.0f",
			 value);
	else
		snprintf(text, size, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[i]);
}

static void short_time(const struct top *top, char *text, size_t size, double cycles)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint64_t hz = exitstat_info(top->es)->tsc_hz;
	double time;
	size_t i = 0;

	if (!hz) {
		short_number(text, size, cycles);
		return;
	}
	time = cycles * 1e9 / (double)hz;
	while (time >= 9999.5 && i < 3) {
		time /= 1000;
		i++;
	}
	snprintf(text, size, time < 99.95 ? "%.1f%s" : "%.0f%s", time, units[i]);
}

static double seconds_of(const struct exitstat_snapshot *diff)
{
	return diff->is_diff ? (double)diff->nanoseconds / 1e9 : 0;
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

/* Cycles of each part; their sum, 0 if the host does not tell. */
static uint64_t parts_of(struct top *top, const struct exitstat_snapshot *snap,
			 uint64_t values[NR_PARTS])
{
	uint64_t all = 0;
	size_t i, row;

	memset(values, 0, NR_PARTS * sizeof(*values));
	if (!snap->vcpu_values || !snap->nr_values)
		return 0;
	for (i = 0; i < NR_PARTS; i++) {
		const struct exitstat_stat *stat;
		const uint64_t *value;

		stat = exitstat_find_stat(top->es, parts[i].stat);
		if (!stat)
			continue;
		if (stat->kind == KVM_EXIT_STATS_KIND_VCPU)
			values[i] = snap->vcpu_values[stat->first];
		for (row = 0; row < snap->nr_rows; row++) {
			value = exitstat_row_values(snap, &snap->rows[row], stat);
			if (value)
				values[i] += *value;
		}
		all += values[i];
	}
	return all;
}

/* --- the screen ----------------------------------------------------------- */

static void colour(const struct top *top, short pair, int on)
{
	if (!top->coloured)
		return;
	if (on)
		attron(COLOR_PAIR(pair));
	else
		attroff(COLOR_PAIR(pair));
}

/* Text that ends where the line does. */
static void put(int y, int x, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put(int y, int x, const char *format, ...)
{
	char text[512];
	va_list args;

	if (y < 0 || y >= LINES || x >= COLS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	mvaddnstr(y, x, text, COLS - x);
}

/* A bar of all parts, each in its colour, or with its letter without colours. */
static void put_parts(const struct top *top, int y, int x, int width,
		      const uint64_t values[NR_PARTS], uint64_t all)
{
	uint64_t sum = 0;
	int from = 0, to;
	size_t i;

	if (width <= 0 || !all)
		return;
	for (i = 0; i < NR_PARTS; i++) {
		sum += values[i];
		to = (int)((double)sum / (double)all * width + 0.5);
		colour(top, (short)(COLOUR_PART + (short)i), 1);
		for (; from < to; from++)
			mvaddch(y, x + from, (chtype)parts[i].letter);
		colour(top, (short)(COLOUR_PART + (short)i), 0);
	}
}

static void put_head(struct top *top)
{
	const struct exitstat_snapshot *all = top->diff->snap[0];
	const struct exitstat_info *info = exitstat_info(top->es);
	const char *vendor = vendor_name(info->reasons);
	double seconds = seconds_of(all);
	uint64_t values[NR_PARTS], sum;
	char text[40], stamp[20] = "";
	time_t now = time(NULL);
	struct tm tm;
	size_t i;
	int x = 0;

	if (localtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	attron(A_BOLD);
	put(0, 0, "exitstat top");
	attroff(A_BOLD);
	put(0, 14, "%s, %" PRIu32 " vCPU%s", vendor ? vendor : "unknown vendor",
	    info->nr_vcpus, info->nr_vcpus == 1 ? "" : "s");
	put(0, COLS - 28, "every %5.1f s", top->interval);
	put(0, COLS - 9, "%s", stamp);

	if (seconds > 0) {
		short_number(text, sizeof(text), (double)all->exits / seconds);
		put(1, 0, "%s exits/s", text);
		if (info->tsc_hz)
			put(1, 18, "processing them: %.2f %% of one CPU",
			    percent((double)all->cycles, (double)info->tsc_hz * seconds));
	} else {
		put(1, 0, "since the VM was started: %" PRIu64 " exits", all->exits);
	}
	if (top->paused || top->restarts) {
		colour(top, COLOUR_WARN, 1);
		attron(A_BOLD);
		put(1, COLS - 19, "%s", top->paused ? "PAUSED (p: go on)" : "counters restarted");
		attroff(A_BOLD);
		colour(top, COLOUR_WARN, 0);
	}

	sum = parts_of(top, all, values);
	if (!sum)
		return;
	for (i = 0; i < NR_PARTS; i++) {
		snprintf(text, sizeof(text), "%s %.1f%%", parts[i].name,
			 percent((double)values[i], (double)sum));
		colour(top, (short)(COLOUR_PART + (short)i), 1);
		put(2, x, "%s", text);
		colour(top, (short)(COLOUR_PART + (short)i), 0);
		x += (int)strlen(text) + 2;
	}
	put_parts(top, 3, 0, COLS, values, sum);
}

static void put_title(const struct top *top, int y, int x, const char *title,
		      enum sort_key key)
{
	int chosen = top->sort == key && !top->vcpus;

	if (chosen)
		attron(A_UNDERLINE | A_BOLD);
	put(y, x, "%s", title);
	if (chosen)
		attroff(A_UNDERLINE | A_BOLD);
}

/* A line in inverse video, to be written on */
static void begin_titles(const struct top *top, int y)
{
	colour(top, COLOUR_HEAD, 1);
	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
}

static void end_titles(const struct top *top)
{
	attroff(A_REVERSE);
	colour(top, COLOUR_HEAD, 0);
}

static void put_row(const struct top *top, int y, const struct exitstat_row *row,
		    const struct exitstat_snapshot *all)
{
	const struct exitstat_info *info = exitstat_info(top->es);
	double seconds = seconds_of(all), share;
	char name[EXITSTAT_NAME_SIZE], rate[16] = "-", mean[16] = "-", cpu[16] = "-";
	int width = COLS - BAR_COLUMN - 1, length;

	share = percent((double)row->cycles, (double)all->cycles);
	if (seconds > 0) {
		short_number(rate, sizeof(rate), (double)row->exits / seconds);
		if (info->tsc_hz)
			snprintf(cpu, sizeof(cpu), "%.2f",
				 percent((double)row->cycles, (double)info->tsc_hz * seconds));
	}
	if (row->exits)
		short_time(top, mean, sizeof(mean), (double)row->cycles / (double)row->exits);
	put(y, 0, "%-20.20s %8s %6.2f %8s %7s %7.2f",
	    exitstat_name(top->es, row, name, sizeof(name)), rate,
	    percent((double)row->exits, (double)all->exits), mean, cpu, share);
	if (width <= 0)
		return;
	length = (int)(share / 100 * width + 0.5);
	colour(top, COLOUR_BAR, 1);
	mvhline(y, BAR_COLUMN + 1, '|', length);
	colour(top, COLOUR_BAR, 0);
}

static void put_rows(struct top *top)
{
	const struct exitstat_snapshot *all = top->diff->snap[0];
	size_t room = (size_t)(LINES - HEAD - FOOT), i;

	if (top->selected >= all->nr_rows)
		top->selected = all->nr_rows ? all->nr_rows - 1 : 0;
	if (top->selected < top->first)
		top->first = top->selected;
	if (top->selected >= top->first + room)
		top->first = top->selected - room + 1;

	begin_titles(top, HEAD - 1);
	put_title(top, HEAD - 1, 0, "REASON", SORT_NAME);
	put_title(top, HEAD - 1, 22, "EXITS/S", SORT_EXITS);
	put(HEAD - 1, 30, "EXITS%%");
	put_title(top, HEAD - 1, 41, "MEAN", SORT_MEAN);
	put(HEAD - 1, 49, "CPU%%");
	put_title(top, HEAD - 1, 56, "TIME%", SORT_TIME);
	end_titles(top);
	for (i = 0; i < room && top->first + i < all->nr_rows; i++) {
		int y = HEAD + (int)i;

		if (top->first + i == top->selected)
			attron(A_BOLD);
		put_row(top, y, &all->rows[top->first + i], all);
		if (top->first + i == top->selected) {
			attroff(A_BOLD);
			mvaddch(y, BAR_COLUMN - 1, '<');
		}
	}
	if (!all->nr_rows)
		put(HEAD, 0, "No exits in this interval.");
}

static void put_vcpus(struct top *top)
{
	size_t room = (size_t)(LINES - HEAD - FOOT), i, p;

	begin_titles(top, HEAD - 1);
	put(HEAD - 1, 0, "VCPU  CPU  EXITS/S  GUEST%% KERNEL%%  USER%%  IDLE%% PREEM%% STOPP%%");
	end_titles(top);
	for (i = 0; i < room && i + 1 < top->diff->nr; i++) {
		const struct exitstat_snapshot *snap = top->diff->snap[i + 1];
		double seconds = seconds_of(snap);
		uint64_t values[NR_PARTS], sum;
		int y = HEAD + (int)i;
		char rate[16] = "-";

		sum = parts_of(top, snap, values);
		if (seconds > 0)
			short_number(rate, sizeof(rate), (double)snap->exits / seconds);
		put(y, 0, "%4d %4d %8s", snap->vcpu, snap->cpu, rate);
		if (!sum)
			continue;
		for (p = 0; p < NR_PARTS; p++)
			put(y, 19 + 7 * (int)p, "%6.2f",
			    percent((double)values[p], (double)sum));
		put_parts(top, y, BAR_COLUMN + 1, COLS - BAR_COLUMN - 1, values, sum);
	}
	if (top->diff->nr < 2 && top->paused)
		put(HEAD, 0, "The vCPUs were not looked at before the pause.");
	else if (top->diff->nr < 2)
		put(HEAD, 0, "The vCPUs cannot be read one by one.");
}

static void draw(struct top *top)
{
	erase();
	if (COLS < MIN_COLUMNS || LINES < MIN_LINES) {
		put(0, 0, "At least %d x %d characters are needed.", MIN_COLUMNS, MIN_LINES);
	} else {
		put_head(top);
		if (top->vcpus)
			put_vcpus(top);
		else
			put_rows(top);
		put(LINES - 1, 0, "%s", keys);
	}
	move(LINES - 1, COLS - 1);
	refresh();
}

/* Words, wrapped; the line after the last */
static int put_wrapped(int y, const char *text)
{
	int x = 0, length;

	while (*(text += strspn(text, "\n "))) {
		length = (int)strcspn(text, "\n ");
		if (x && x + length > COLS - 2) {
			x = 0;
			y++;
		}
		put(y, x, "%.*s", length, text);
		x += length + 1;
		text += length;
	}
	return y + 1;
}

static void wait_for_key(void)
{
	put(LINES - 1, 0, "Any key: back");
	refresh();
	timeout(-1);
	while (getch() == ERR && !ended && errno == EINTR)
		;
}

static void explain(struct top *top)
{
	const struct exitstat_snapshot *all = top->diff->snap[0];
	char name[EXITSTAT_NAME_SIZE];
	const struct explanation *text;
	const struct exitstat_row *row;
	int y;

	if (top->vcpus || top->selected >= all->nr_rows)
		return;
	row = &all->rows[top->selected];
	text = explanation(exitstat_info(top->es)->reasons, row->slot);
	erase();
	attron(A_BOLD);
	put(0, 0, "%s", exitstat_name(top->es, row, name, sizeof(name)));
	attroff(A_BOLD);
	if (text) {
		y = put_wrapped(2, text->cause);
		put_wrapped(y + 1, text->cost);
	} else {
		put(2, 0, "This program is older than the host and does not know that reason.");
	}
	wait_for_key();
}

static void show_help(void)
{
	int y = 0;
	const char *line = HELP;

	erase();
	for (; *line; line += strcspn(line, "\n") + 1)
		put(y++, 0, "%.*s", (int)strcspn(line, "\n"), line);
	wait_for_key();
}

/* --- looking -------------------------------------------------------------- */

/* The VM, and each vCPU if they are looked at. */
static int look(struct top *top, struct snapshots **all)
{
	const unsigned int with = EXITSTAT_WITH_ROW_STATS | EXITSTAT_WITH_VCPU_STATS;
	const struct exitstat_stat *stats;
	const struct exitstat_vcpu *vcpus;
	struct exitstat_query query = { .vcpu = EXITSTAT_WHOLE_VM };
	struct snapshots *new = calloc(1, sizeof(*new));
	size_t nr = 0, i;
	int err, *numbers = NULL;

	*all = NULL;
	if (!new)
		return -ENOMEM;
	if (!exitstat_stats(top->es, &stats, &nr))
		query.with = with;
	nr = 0;
	if (top->vcpus && query.with && !exitstat_vcpus(top->es, &vcpus, &nr)) {
		numbers = calloc(nr + 1, sizeof(*numbers));
		for (i = 0; numbers && i < nr; i++)
			numbers[i] = vcpus[i].vcpu;
	}
	new->snap = calloc(nr + 1, sizeof(struct exitstat_snapshot *));
	err = !new->snap || (nr && !numbers) ? -ENOMEM : 0;
	for (i = 0; !err && i < nr + 1; i++) {
		err = exitstat_read(top->es, &query, &new->snap[new->nr]);
		/* A vCPU may go offline; without the VM there is nothing. */
		if (!err)
			new->nr++;
		else if (i)
			err = 0;
		if (i < nr)
			query.vcpu = numbers[i];
	}
	free(numbers);
	if (err)
		snapshots_free(new);
	else
		*all = new;
	return err;
}

static void sort_rows(struct top *top)
{
	const struct exitstat_snapshot *all = top->diff->snap[0];
	size_t i;

	report_sort(top->es, top->diff->snap[0], top->sort);
	for (i = 0; top->has_slot && i < all->nr_rows; i++) {
		if (all->rows[i].slot == top->slot)
			top->selected = i;
	}
}

static void select_row(struct top *top, size_t row)
{
	const struct exitstat_snapshot *all = top->diff->snap[0];

	if (row >= all->nr_rows)
		return;
	top->selected = row;
	top->slot = all->rows[row].slot;
	top->has_slot = 1;
}

static int update(struct top *top)
{
	struct snapshots *now, *diff = NULL;
	int err;

	err = look(top, &now);
	/* The next time may do better, if there is something to show meanwhile. */
	if (err == -EAGAIN && top->diff)
		return 0;
	if (err)
		return err;
	err = snapshots_diff(top->es, top->before, now, EXITSTAT_LESS_OWN, &diff);
	if (err == -ESTALE) {
		top->restarts++;
		err = snapshots_diff(top->es, NULL, now, EXITSTAT_LESS_OWN, &diff);
	} else if (!err) {
		top->restarts = 0;
	}
	if (err) {
		snapshots_free(now);
		return err;
	}
	snapshots_free(top->diff);
	snapshots_free(top->before);
	top->diff = diff;
	top->before = now;
	sort_rows(top);
	return 0;
}

static void sort_by(struct top *top, enum sort_key key)
{
	top->sort = key;
	sort_rows(top);
}

/* --- keys ----------------------------------------------------------------- */

static void set_interval(struct top *top, double factor)
{
	top->interval *= factor;
	if (top->interval > MAX_INTERVAL)
		top->interval = MAX_INTERVAL;
	if (top->interval < MIN_INTERVAL)
		top->interval = MIN_INTERVAL;
}

/* Another view is filled at once, unless all is to stand still.  0 or a negative errno. */
static int toggle_vcpus(struct top *top)
{
	int err;

	top->vcpus = !top->vcpus;
	if (top->paused)
		return 0;
	err = update(top);
	/* The vCPUs have no interval yet, but for that of their lives. */
	if (!err && top->vcpus && top->diff->nr < 2) {
		struct snapshots *diff = NULL;

		err = snapshots_diff(top->es, NULL, top->before, EXITSTAT_LESS_OWN, &diff);
		if (!err) {
			snapshots_free(top->diff);
			top->diff = diff;
		}
	}
	return err;
}

static int on_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		ended = 1;
		break;
	case 'p':
	case ' ':
		top->paused = !top->paused;
		break;
	case 's':
		sort_by(top, top->sort == SORT_CODE ? SORT_TIME :
						      (enum sort_key)(top->sort + 1));
		break;
	case 't':
		sort_by(top, SORT_TIME);
		break;
	case 'x':
		sort_by(top, SORT_EXITS);
		break;
	case 'm':
		sort_by(top, SORT_MEAN);
		break;
	case 'n':
		sort_by(top, SORT_NAME);
		break;
	case 'c':
		sort_by(top, SORT_CODE);
		break;
	case 'v':
		return toggle_vcpus(top);
	case '+':
		set_interval(top, 2);
		break;
	case '-':
		set_interval(top, 0.5);
		break;
	case KEY_DOWN:
	case 'j':
		select_row(top, top->selected + 1);
		break;
	case KEY_UP:
	case 'k':
		if (top->selected)
			select_row(top, top->selected - 1);
		break;
	case KEY_ENTER:
	case '\n':
	case '\r':
	case 'e':
		explain(top);
		break;
	case 'h':
	case '?':
		show_help();
		break;
	}
	return 0;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int watch(struct top *top)
{
	double next = now() + top->interval, left;
	int key, err;

	while (!ended) {
		draw(top);
		left = next - now();
		timeout(left > 0 ? (int)(left * 1000) + 1 : 0);
		key = getch();
		if (key != ERR) {
			err = on_key(top, key);
			if (err)
				return err;
			if (key == '+' || key == '-')
				next = now() + top->interval;
		}
		if (now() < next)
			continue;
		next = now() + top->interval;
		err = top->paused ? 0 : update(top);
		if (err)
			return err;
	}
	return 0;
}

/* --- the terminal --------------------------------------------------------- */

static int is_known(void)
{
	int err;

	return setupterm(NULL, STDOUT_FILENO, &err) == OK;
}

/* A guest may have no terminfo: then ours serves. */
static int know_terminal(const char *name)
{
	const struct terminal *terminal;

	if (is_known())
		return 0;
	for (terminal = terminals; terminal->name; terminal++) {
		if (strcmp(name, terminal->name) != 0)
			continue;
		setenv("TERMINFO", terminal->description, 1);
		return is_known() ? 0 : -1;
	}
	return -1;
}

static int check_terminal(void)
{
	const char *name = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
		complain("top needs a terminal; exitstat 1 prints a report each second");
		return -1;
	}
	if (!name || !*name) {
		complain("TERM is not set, so the terminal is not known; exitstat 1 needs none");
		return -1;
	}
	if (know_terminal(name)) {
		complain("the terminal %s is not known here; try TERM=vt100, or exitstat 1",
			 name);
		return -1;
	}
	if (!cursor_address || !clear_screen) {
		complain("the terminal %s cannot show a full screen; exitstat 1 needs less", name);
		return -1;
	}
	return 0;
}

static void begin_screen(struct top *top)
{
	const char *no_colour = getenv("NO_COLOR");
	size_t i;

	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	if ((no_colour && *no_colour) || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(COLOUR_HEAD, -1, -1);
	init_pair(COLOUR_BAR, COLOR_CYAN, -1);
	init_pair(COLOUR_WARN, COLOR_YELLOW, -1);
	for (i = 0; i < NR_PARTS; i++)
		init_pair((short)(COLOUR_PART + (short)i), parts[i].colour, -1);
	top->coloured = 1;
}

static int show(struct top *top)
{
	struct sigaction action = { .sa_handler = end };
	int err;

	err = update(top);
	if (err) {
		complain("%s", err == -ENOMEM ? "out of memory" : exitstat_reason(top->es));
		return EXIT_FAILURE;
	}
	setlocale(LC_CTYPE, "");
	begin_screen(top);
	/* After curses has set its own ones: the screen is to be left in order. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	err = watch(top);
	endwin();
	if (!err)
		return EXIT_SUCCESS;
	complain("%s", err == -ENOMEM ? "out of memory" : exitstat_reason(top->es));
	return EXIT_FAILURE;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		LONG_HELP,
		LONG_INTERVAL,
		{ "sort", required_argument, NULL, OPT_SORT },
		LONG_END,
	};
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP SHORT_INTERVAL,
		.longs = longs,
		.interval = 1,
	};
	struct top top = { .es = NULL };
	int status = EXIT_FAILURE;

	if (options_next(&options, argc, argv) != OPTIONS_END)
		return options.status;
	if (no_operands(argc, argv))
		return EXIT_USAGE;
	top.interval = options.interval;
	top.sort = options.sort;
	if (!check_terminal() && !open_host(&top.es))
		status = show(&top);
	snapshots_free(top.before);
	snapshots_free(top.diff);
	exitstat_close(top.es);
	return status;
}

const struct command cmd_top = {
	.name = "top",
	.summary = "watch exits as they happen, over the whole screen",
	.run = run,
};
