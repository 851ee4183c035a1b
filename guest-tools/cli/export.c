// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export.h"
#include "options.h"

/* --- address -------------------------------------------------------------- */

static int set_address(const char *host, uint16_t port,
		       struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	if (!strcmp(host, "localhost"))
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		*length = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		*length = sizeof(*in6);
		return 0;
	}
	return -1;
}

int export_parse_address(const char *text, struct sockaddr_storage *address,
			 socklen_t *length)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN] = "localhost";
	size_t host_length;
	uint64_t port;

	memset(address, 0, sizeof(*address));
	if (parse_number(colon ? colon + 1 : text, UINT16_MAX, &port))
		return -1;
	if (colon) {
		host_length = (size_t)(colon - text);
		if (*text == '[' && host_length > 2 && colon[-1] == ']') {
			text++;
			host_length -= 2;
		} else if (memchr(text, ':', host_length)) {
			/* Which colon is the port's? */
			return -1;
		}
		if (host_length >= sizeof(host))
			return -1;
		memcpy(host, text, host_length);
		host[host_length] = '\0';
	}
	return set_address(host, (uint16_t)port, address, length);
}

/* --- file ----------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t wrote;

	while (length) {
		wrote = write(fd, text, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote ? -errno : -EIO;
		text += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}

/* That the new name lasts, too.  Not all file systems can. */
static void sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

/* What has no name to be replaced: a device, a pipe, a link to nothing yet. */
static int write_into(const char *path, const char *text, size_t length)
{
	int fd, err;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, length);
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int replace(const char *path, const struct stat *old, mode_t mode,
		   const char *text, size_t length)
{
	char *temporary;
	int fd, err = 0;

	/* The collector takes *.prom alone, so never the one not yet whole. */
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(temporary);
		return err;
	}
	err = write_all(fd, text, length);
	/* Another's file remains that one's, if we may. */
	if (!err && old && fchown(fd, old->st_uid, old->st_gid) && errno != EPERM)
		err = -errno;
	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	else
		sync_directory(path);
	free(temporary);
	return err;
}

mode_t export_usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

int export_replace_file(const char *path, mode_t mode, const char *text, size_t length)
{
	struct stat status;
	char *target;
	int err;

	if (stat(path, &status)) {
		if (errno != ENOENT)
			return -errno;
		if (!lstat(path, &status))
			return write_into(path, text, length);
		return replace(path, NULL, mode, text, length);
	}
	if (!S_ISREG(status.st_mode))
		return write_into(path, text, length);
	/* A link goes on to be one. */
	target = realpath(path, NULL);
	if (!target)
		return -errno;
	err = replace(target, &status, status.st_mode & 07777, text, length);
	free(target);
	return err;
}
