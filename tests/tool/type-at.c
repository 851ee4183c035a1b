// SPDX-License-Identifier: GPL-2.0-only
/*
 * type-at SCRIPT COMMAND [ARGUMENT]...: run a command at a terminal of 80 x 24,
 * type at it and read its screen, as a user does.  TERM is vt100
 * unless the command is env TERM=...
 *
 * The terminal is a VT100, an xterm or a Linux console as far as curses uses them.
 * The script has a line for each step:
 *	see TEXT	wait until a line of the screen has this, 20 s at most
 *	gone TEXT	wait until none has it any more
 *	type KEYS	send keys; \r, \e and \\ are as in C
 *	wait SECONDS	look on meanwhile
 *	show		print the screen, once nothing more comes
 *	end STATUS	wait until the command has ended, with this exit status
 * Exit status 0: all was as the script says; 1: something was not, the screen is
 * shown; 2: the script is wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROWS	24
#define COLUMNS	80
#define PATIENCE 20.0

static char screen[ROWS][COLUMNS + 1];
static int row, column, top, bottom = ROWS - 1;
static int saved_row, saved_column;

/* Bytes of a control sequence so far: "\033[12;3" */
static char sequence[64];
static size_t length;

static int terminal, has_ended, wait_status;
static pid_t child;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the screen ----------------------------------------------------------- */

static void blank(int y, int from, int to)
{
	for (; from <= to; from++)
		screen[y][from] = ' ';
}

static void scroll(int up)
{
	int y;

	if (up) {
		for (y = top; y < bottom; y++)
			memcpy(screen[y], screen[y + 1], COLUMNS);
		blank(bottom, 0, COLUMNS - 1);
	} else {
		for (y = bottom; y > top; y--)
			memcpy(screen[y], screen[y - 1], COLUMNS);
		blank(top, 0, COLUMNS - 1);
	}
}

static void line_feed(void)
{
	if (row == bottom)
		scroll(1);
	else if (row < ROWS - 1)
		row++;
}

static void put(char c)
{
	/* The cursor waits behind the last column, as a VT100's does. */
	if (column == COLUMNS) {
		column = 0;
		line_feed();
	}
	screen[row][column++] = c;
}

static int within(int value, int most)
{
	return value < 0 ? 0 : value > most ? most :
					      value;
}

static void erase_line(int how)
{
	int at = within(column, COLUMNS - 1);

	blank(row, how ? 0 : at, how == 1 ? at : COLUMNS - 1);
}

static void erase_screen(int how)
{
	int y;

	if (how < 2)
		erase_line(how);
	for (y = 0; y < ROWS; y++)
		if (how == 2 || (how ? y < row : y > row))
			blank(y, 0, COLUMNS - 1);
}

/* Make room for some characters in the line, or take them out. */
static void shift_line(int insert, int nr)
{
	int at = within(column, COLUMNS - 1);

	nr = within(nr, COLUMNS - at);
	if (insert) {
		memmove(screen[row] + at + nr, screen[row] + at, (size_t)(COLUMNS - at - nr));
		blank(row, at, at + nr - 1);
	} else {
		memmove(screen[row] + at, screen[row] + at + nr, (size_t)(COLUMNS - at - nr));
		blank(row, COLUMNS - nr, COLUMNS - 1);
	}
}

/* Lines below the cursor's go down or up. */
static void shift_lines(int insert, int nr)
{
	int saved = top;

	top = row;
	for (; nr > 0; nr--)
		scroll(!insert);
	top = saved;
}

/* Those that an xterm or a Linux console has beyond a VT100 */
static int late_control(char final, int nr)
{
	static char last = ' ';
	int at = within(column, COLUMNS - 1);

	switch (final) {
	case 'G':
		column = within(nr - 1, COLUMNS - 1);
		break;
	case 'd':
		row = within(nr - 1, ROWS - 1);
		break;
	case 'X':
		blank(row, at, within(at + nr - 1, COLUMNS - 1));
		break;
	case 'P':
	case '@':
		shift_line(final == '@', nr);
		break;
	case 'L':
	case 'M':
		shift_lines(final == 'L', nr);
		break;
	case 'b':
		if (at)
			last = screen[row][column == COLUMNS ? COLUMNS - 1 : at - 1];
		while (nr-- > 0)
			put(last);
		break;
	default:
		return 0;
	}
	return 1;
}

static void control(char final)
{
	int first = 0, second = 0, given;

	given = sscanf(sequence, "\033[%d;%d", &first, &second);
	if (late_control(final, first ? first : 1))
		return;
	switch (final) {
	case 'H':
	case 'f':
		row = within(first - 1, ROWS - 1);
		column = within(second - 1, COLUMNS - 1);
		break;
	case 'A':
		row = within(row - (first ? first : 1), ROWS - 1);
		break;
	case 'B':
		row = within(row + (first ? first : 1), ROWS - 1);
		break;
	case 'C':
		column = within(column + (first ? first : 1), COLUMNS - 1);
		break;
	case 'D':
		column = within(column - (first ? first : 1), COLUMNS - 1);
		break;
	case 'J':
		erase_screen(first);
		break;
	case 'K':
		erase_line(first);
		break;
	case 'r':
		top = given >= 1 ? within(first - 1, ROWS - 1) : 0;
		bottom = given >= 2 ? within(second - 1, ROWS - 1) : ROWS - 1;
		row = 0;
		column = 0;
		break;
	}
	/* Attributes and modes do not change what can be read. */
}

static void escape(char c)
{
	switch (c) {
	case 'D':
		line_feed();
		break;
	case 'E':
		column = 0;
		line_feed();
		break;
	case 'M':
		if (row == top)
			scroll(0);
		else if (row)
			row--;
		break;
	case '7':
		saved_row = row;
		saved_column = column;
		break;
	case '8':
		row = saved_row;
		column = saved_column;
		break;
	}
}

static void take(char c)
{
	if (length) {
		if (length < sizeof(sequence) - 1)
			sequence[length++] = c;
		sequence[length] = '\0';
		if (length == 2) {
			/* "\033[" and the choice of a character set go on. */
			if (c == '[' || c == '(' || c == ')')
				return;
			escape(c);
		} else if (sequence[1] == '[') {
			if (c < '@' || c > '~')
				return;
			control(c);
		}
		length = 0;
		return;
	}
	switch (c) {
	case '\033':
		sequence[length++] = c;
		break;
	case '\r':
		column = 0;
		break;
	case '\n':
		line_feed();
		break;
	case '\b':
		column = within(within(column, COLUMNS - 1) - 1, COLUMNS - 1);
		break;
	case '\t':
		column = within((column | 7) + 1, COLUMNS - 1);
		break;
	default:
		if ((unsigned char)c >= ' ' && c != 0x7f)
			put(c);
	}
}

static void show(void)
{
	int y, end;

	for (y = 0; y < ROWS; y++) {
		for (end = COLUMNS; end && screen[y][end - 1] == ' '; end--)
			;
		printf("  |%.*s\n", end, screen[y]);
	}
	fflush(stdout);
}

static int is_seen(const char *text)
{
	int y;

	for (y = 0; y < ROWS; y++)
		if (strstr(screen[y], text))
			return 1;
	return 0;
}

/* --- the command ---------------------------------------------------------- */

/* Take what it has to say for that long, at most until something comes. */
static void look_on(double seconds)
{
	struct pollfd poller = { .fd = terminal, .events = POLLIN };
	char buffer[4096];
	ssize_t got, i;

	if (poll(&poller, 1, (int)(seconds * 1000)) <= 0)
		return;
	got = read(terminal, buffer, sizeof(buffer));
	for (i = 0; i < got; i++)
		take(buffer[i]);
	/* The terminal's other end was closed: wait for its process, not for it. */
	if (got <= 0 && !has_ended && waitpid(child, &wait_status, 0) == child)
		has_ended = 1;
}

static void start(char **argv)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
	int y;

	for (y = 0; y < ROWS; y++)
		blank(y, 0, COLUMNS - 1);
	child = forkpty(&terminal, NULL, NULL, &size);
	if (child < 0) {
		fprintf(stderr, "type-at: no terminal: %s\n", strerror(errno));
		exit(2);
	}
	if (child)
		return;
	setenv("TERM", "vt100", 1);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Until a screen is drawn as a whole */
static void settle(void)
{
	struct pollfd poller = { .fd = terminal, .events = POLLIN };

	while (!has_ended && poll(&poller, 1, 150) > 0)
		look_on(0);
}

/* --- the script ----------------------------------------------------------- */

static int wait_for(const char *text, int wanted)
{
	double deadline = now() + PATIENCE;

	while (is_seen(text) != wanted) {
		if (now() > deadline || (has_ended && wanted)) {
			printf("type-at: %s after %.0f s: %s\n",
			       wanted ? "not there" : "still there", PATIENCE, text);
			return -1;
		}
		look_on(0.2);
	}
	return 0;
}

static int type(const char *keys)
{
	char c;

	for (; *keys; keys++) {
		c = *keys;
		if (c == '\\' && keys[1]) {
			c = *++keys;
			c = c == 'r' ? '\r' : c == 'e' ? '\033' :
							 c;
		}
		if (write(terminal, &c, 1) != 1) {
			printf("type-at: cannot type: %s\n", strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int wait_for_end(int status)
{
	double deadline = now() + PATIENCE;
	int was;

	while (!has_ended && now() < deadline)
		look_on(0.2);
	if (!has_ended) {
		printf("type-at: the command has not ended after %.0f s\n", PATIENCE);
		return -1;
	}
	was = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) :
					 WEXITSTATUS(wait_status);
	if (was == status)
		return 0;
	printf("type-at: exit status %d, not %d\n", was, status);
	return -1;
}

static int step(const char *word, const char *rest)
{
	double until;

	if (!strcmp(word, "see"))
		return wait_for(rest, 1);
	if (!strcmp(word, "gone"))
		return wait_for(rest, 0);
	if (!strcmp(word, "type"))
		return type(rest);
	if (!strcmp(word, "end"))
		return wait_for_end(atoi(rest));
	if (!strcmp(word, "show")) {
		settle();
		show();
		return 0;
	}
	if (!strcmp(word, "wait")) {
		for (until = now() + atof(rest); now() < until && !has_ended;)
			look_on(0.1);
		return 0;
	}
	fprintf(stderr, "type-at: no such step: %s\n", word);
	exit(2);
}

int main(int argc, char **argv)
{
	char line[256], *rest;
	int failed = 0;
	FILE *script;

	if (argc < 3) {
		fputs("usage: type-at SCRIPT COMMAND [ARGUMENT]...\n", stderr);
		return 2;
	}
	script = fopen(argv[1], "r");
	if (!script) {
		fprintf(stderr, "type-at: cannot read %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	start(argv + 2);
	while (!failed && fgets(line, sizeof(line), script)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		rest = strchrnul(line, ' ');
		if (*rest)
			*rest++ = '\0';
		failed = step(line, rest);
	}
	fclose(script);
	if (failed)
		show();
	if (!has_ended) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return failed ? 1 : 0;
}
