/* SPDX-License-Identifier: GPL-2.0-only */
/* Prometheus: statistics by HTTP, or in a file for node_exporter. */
#ifndef EXITSTAT_EXPORT_H
#define EXITSTAT_EXPORT_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * "PORT", "ADDRESS:PORT", "[ADDRESS]:PORT" into a socket address; loopback if no
 * address is given.  0 or -1.
 */
int export_parse_address(const char *text, struct sockaddr_storage *address,
			 socklen_t *length);

/*
 * Replace a file: its readers see the old one or the new one, whole, and so does
 * a machine that loses power.  The file is world readable, as a collector runs as
 * another user.  0 or a negative errno; the old file is left alone then.
 */
int export_replace_file(const char *path, const char *text, size_t length);

#endif /* EXITSTAT_EXPORT_H */
