// SPDX-License-Identifier: GPL-2.0-only
/* Which VMs this host has, and what their owners call them. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "text.h"

/* QEMU's "web1,debug-threads=on" or "guest=web1,...": the name alone. */
static char *name_of(const char *value)
{
	char *name = strdup(value), *to = name;
	const char *from = name;

	if (!name)
		return NULL;
	if (!strncmp(from, "guest=", strlen("guest=")))
		from += strlen("guest=");
	/* A comma that belongs to the name is written twice. */
	for (; *from && (*from != ',' || from[1] == ','); from++) {
		if (*from == ',')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return name;
}

/* "-name value", "--name value" or "--name=value"; NULL: it is another option. */
static const char *value_of(const char *option, const char *word, const char *following)
{
	size_t length = strlen(option);

	if (word[0] != '-')
		return NULL;
	word += word[1] == '-' ? 2 : 1;
	if (strncmp(word, option, length))
		return NULL;
	if (word[length] == '=')
		return word + length + 1;
	return word[length] ? NULL : following;
}

int host_identify(const char *cmdline, size_t size, char **name, char **uuid)
{
	const char *end = cmdline + size, *word, *following, *next, *value;

	*name = strdup("");
	*uuid = strdup("");
	for (word = cmdline; *name && *uuid && word < end; word = following) {
		following = word + strnlen(word, (size_t)(end - word)) + 1;
		if (following > end)
			break; /* cut off */
		next = memchr(following, '\0', (size_t)(end - following)) ? following : "";
		value = value_of("name", word, next);
		if (!value)
			value = value_of("id", word, next);
		if (value) {
			free(*name);
			*name = name_of(value);
			continue;
		}
		value = value_of("uuid", word, next);
		if (value) {
			free(*uuid);
			*uuid = strdup(value);
		}
	}
	if (!*name || !*uuid)
		return -ENOMEM;
	/* Who starts a VM may be anybody, and who reads this is root. */
	text_make_utf8(*name);
	text_make_printable(*name);
	text_make_utf8(*uuid);
	text_make_printable(*uuid);
	return 0;
}

/* A thread's number does as well: KVM names a VM by the one that created it. */
static int identify(const char *proc, struct host_vm *vm)
{
	char path[320], *text = NULL;
	size_t size = 0;
	FILE *file;
	int err;

	snprintf(path, sizeof(path), "%s/%ld/cmdline", proc, vm->pid);
	file = fopen(path, "re");
	if (file && getdelim(&text, &size, EOF, file) > 0)
		size = (size_t)ftell(file);
	else
		size = 0;
	/* Without a process it has no name, but it still is a VM. */
	err = host_identify(text ? text : "", size, &vm->name, &vm->uuid);
	free(text);
	if (file)
		fclose(file);
	return err;
}

static void release(struct host_vm *vm)
{
	host_table_release(&vm->table);
	free(vm->name);
	free(vm->uuid);
}

/* 0, -ENOENT: there is no such file (any more), or another error. */
static int read_file(const char *debugfs, const char *id, const char *name,
		     int (*read)(FILE *in, struct host_table *table), struct host_table *table)
{
	char path[320];
	FILE *file;
	int err;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", debugfs, id, name) >= sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return errno == EIO ? -ENOENT : -errno;
	errno = 0;
	err = read(file, table);
	if (err && ferror(file) && errno == EIO)
		err = -ENOENT;
	fclose(file);
	return err;
}

/* Likewise; -ENOENT: it has no table (any more). */
static int read_vm(const char *debugfs, const char *proc, const char *id, struct host_vm *vm)
{
	int err;

	memset(vm, 0, sizeof(*vm));
	snprintf(vm->id, sizeof(vm->id), "%s", id);
	vm->pid = strtol(id, NULL, 10);
	err = read_file(debugfs, id, "exit_stats", host_table_read, &vm->table);
	if (err)
		return err;
	/* Most hosts keep none. */
	err = read_file(debugfs, id, "exit_histogram", host_histograms_read, &vm->table);
	if (err && err != -ENOENT)
		return err;
	return identify(proc, vm);
}

/* PID-FD; beside them are KVM's own statistics. */
static int is_vm(const struct dirent *entry)
{
	const char *p = entry->d_name;

	while (isdigit((unsigned char)*p))
		p++;
	return p != entry->d_name && *p == '-' && isdigit((unsigned char)p[1]);
}

static int add_vm(const char *debugfs, const char *proc, const char *id, struct host_vms *vms,
		  size_t *bad)
{
	struct host_vm vm, *all;
	int err = read_vm(debugfs, proc, id, &vm);

	if (err) {
		release(&vm);
		*bad += err == -EBADMSG;
		return err == -ENOENT || err == -EBADMSG ? 0 : err;
	}
	all = realloc(vms->vm, (vms->nr + 1) * sizeof(vm));
	if (!all) {
		release(&vm);
		return -ENOMEM;
	}
	all[vms->nr++] = vm;
	vms->vm = all;
	return 0;
}

int host_vms_read(const char *debugfs, const char *proc, struct host_vms **vms, size_t *bad)
{
	struct dirent **entries;
	int i, nr, err = 0;

	*bad = 0;
	*vms = calloc(1, sizeof(**vms));
	if (!*vms)
		return -ENOMEM;
	nr = scandir(debugfs, &entries, is_vm, versionsort);
	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++) {
		if (!err)
			err = add_vm(debugfs, proc, entries[i]->d_name, *vms, bad);
		free(entries[i]);
	}
	free(entries);
	return err;
}

void host_vms_free(struct host_vms *vms)
{
	size_t i;

	for (i = 0; vms && i < vms->nr; i++)
		release(&vms->vm[i]);
	if (vms)
		free(vms->vm);
	free(vms);
}
