// SPDX-License-Identifier: GPL-2.0-only
/* exitstat export: for Prometheus. */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "export.h"
#include "options.h"
#include "report.h"
#include "snapshots.h"

enum {
	OPT_TEXTFILE = OPT_FIRST_OF_COMMAND,
	OPT_LISTEN,
};

#define HELP \
	"Usage: exitstat export --listen [ADDRESS:]PORT\n" \
	"       exitstat export --textfile FILE [-i SECONDS]\n" \
	"\n" \
	"Give the statistics to Prometheus: by HTTP, or in a file that the textfile\n" \
	"collector of its node_exporter reads.\n" \
	"\n" \
	"      --listen ADDRESS:PORT  serve http://ADDRESS:PORT/metrics; without an\n" \
	"                             address, to this machine only (127.0.0.1);\n" \
	"                             there is no password and no encryption\n" \
	"      --textfile FILE        write FILE, whole or not at all; its name must end\n" \
	"                             in .prom for the collector to read it\n" \
	"  -i, --interval S           write FILE again every S seconds\n" \
	HELP_HELP

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define OLDER_TYPE	 "text/plain; version=0.0.4; charset=utf-8"

/* Scrapers are few, and quick to ask. */
#define MAX_CONNECTIONS	16
#define TIMEOUT_SECONDS	10

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static void end_by_signals(void)
{
	struct sigaction action = { .sa_handler = end };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* From here on they wait until they are asked for, so that none comes too early. */
static void block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGHUP);
	sigprocmask(SIG_BLOCK, signals, NULL);
}

/* A new string, which is to be freed; NULL after a complaint. */
static char *metrics(struct exitstat *es, enum metrics_style style)
{
	const struct options options = { .format = FORMAT_OPENMETRICS };
	struct snapshots *snapshots = NULL;
	char *text = NULL;
	size_t length;
	FILE *out;
	int err;

	if (snapshots_read(es, &options, rows_with(es, &options), &snapshots))
		return NULL;
	out = open_memstream(&text, &length);
	err = out ? metrics_print(out, es, snapshots, style) : -ENOMEM;
	if (out && fclose(out))
		err = -ENOMEM;
	snapshots_free(snapshots);
	if (!err)
		return text;
	complain("out of memory");
	free(text);
	return NULL;
}

/* --- by HTTP -------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, char *text, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(strlen(text), text, mode);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection,
				    unsigned int status, const char *words)
{
	return answer(connection, status, "text/plain; charset=utf-8", (char *)words,
		      MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection,
				      struct exitstat *es)
{
	const char *accept;
	int openmetrics;
	char *text;

	accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					     MHD_HTTP_HEADER_ACCEPT);
	openmetrics = accept && strstr(accept, "application/openmetrics-text");
	text = metrics(es, openmetrics ? METRICS_OPENMETRICS : METRICS_PROMETHEUS);
	if (!text)
		return answer_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				    "The statistics cannot be read at the moment.\n");
	return answer(connection, MHD_HTTP_OK, openmetrics ? OPENMETRICS_TYPE : OLDER_TYPE,
		      text, MHD_RESPMEM_MUST_FREE);
}

/* One thread serves all connections, so the handle needs no lock. */
static enum MHD_Result serve(void *data, struct MHD_Connection *connection,
			     const char *url, const char *method, const char *version,
			     const char *upload, size_t *upload_size, void **state)
{
	(void)version;
	(void)upload;
	/* The first call is for the headers: go on to the rest. */
	if (!*state) {
		*state = data;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				    "Only GET and HEAD are served.\n");
	if (!strcmp(url, "/metrics"))
		return answer_metrics(connection, data);
	if (!strcmp(url, "/"))
		return answer_words(connection, MHD_HTTP_OK,
				    "exitstat: VM exits of this machine, at /metrics.\n");
	return answer_words(connection, MHD_HTTP_NOT_FOUND, "There is /metrics only.\n");
}

static int listen_at(const char *where)
{
	struct sockaddr_storage address;
	socklen_t length;
	const int one = 1;
	int fd;

	if (export_parse_address(where, &address, &length)) {
		complain("--listen: not a PORT, ADDRESS:PORT or [ADDRESS]:PORT: %s", where);
		return -2;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (!bind(fd, (struct sockaddr *)&address, length) &&
		    !listen(fd, MAX_CONNECTIONS))
			return fd;
	}
	complain("cannot listen at %s: %s", where, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static unsigned int bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length))
		return 0;
	/* The port is at the same place in both kinds. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int export_by_http(struct exitstat *es, int fd, const char *where)
{
	const char *colon = strrchr(where, ':');
	struct MHD_Daemon *daemon;

	daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
				  serve, es, MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS,
				  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_SECONDS,
				  MHD_OPTION_END);
	if (!daemon) {
		complain("cannot start the HTTP server");
		close(fd);
		return EXIT_FAILURE;
	}
	printf("Serving http://%.*s:%u/metrics, Ctrl-C ends it\n",
	       colon ? (int)(colon - where) : 9, colon ? where : "127.0.0.1",
	       bound_port(fd));
	fflush(stdout);
	while (!ended)
		MHD_run_wait(daemon, 500);
	MHD_stop_daemon(daemon);
	return EXIT_SUCCESS;
}

/* --- to a file ------------------------------------------------------------ */

static int write_textfile(struct exitstat *es, const char *path)
{
	char *text = metrics(es, METRICS_PROMETHEUS);
	int err;

	if (!text)
		return -1;
	err = export_replace_file(path, TEXTFILE_MODE, text, strlen(text));
	if (err)
		complain("cannot write %s: %s", path, strerror(-err));
	free(text);
	return err;
}

static int export_to_file(struct exitstat *es, const char *path, double interval)
{
	struct timespec pause = {
		.tv_sec = (time_t)interval,
		.tv_nsec = (long)((interval - (double)(time_t)interval) * 1e9),
	};
	sigset_t signals;
	int err, number;

	block_signals(&signals);
	for (;;) {
		err = write_textfile(es, path);
		if (!interval || ended)
			break;
		/* What failed may work next time, if there is one. */
		do
			number = sigtimedwait(&signals, NULL, &pause);
		while (number < 0 && errno == EINTR);
		if (number > 0)
			break;
	}
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		LONG_HELP,
		{ "textfile", required_argument, NULL, OPT_TEXTFILE },
		{ "listen", required_argument, NULL, OPT_LISTEN },
		LONG_INTERVAL,
		LONG_END,
	};
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP SHORT_INTERVAL,
		.longs = longs,
	};
	const char *textfile = NULL, *where = NULL;
	struct exitstat *es = NULL;
	int option, fd, status;

	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case OPT_TEXTFILE:
			textfile = optarg;
			break;
		case OPT_LISTEN:
			where = optarg;
			break;
		default:
			return options.status;
		}
	}
	if (no_operands(argc, argv))
		return EXIT_USAGE;
	if (!textfile == !where) {
		complain("say one of --listen [ADDRESS:]PORT and --textfile FILE");
		return EXIT_USAGE;
	}
	if (where && options.interval) {
		complain("-i goes with --textfile: with --listen, the scraper sets the pace");
		return EXIT_USAGE;
	}

	if (open_host(&es)) {
		exitstat_close(es);
		return EXIT_FAILURE;
	}
	end_by_signals();
	if (textfile) {
		status = export_to_file(es, textfile, options.interval);
	} else {
		fd = listen_at(where);
		if (fd == -2)
			status = EXIT_USAGE;
		else
			status = fd < 0 ? EXIT_FAILURE : export_by_http(es, fd, where);
	}
	exitstat_close(es);
	return status;
}

const struct command cmd_export = {
	.name = "export",
	.summary = "serve or write statistics for Prometheus",
	.run = run,
};
