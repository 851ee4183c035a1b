// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Hide the exit statistics from one VM, whatever options its VMM has:
 *
 *	cc -shared -fPIC -O2 -o hide-exit-stats.so hide-exit-stats.c
 *	LD_PRELOAD=/path/to/hide-exit-stats.so qemu-system-x86_64 ...
 *
 * It stands between the VMM and KVM_SET_CPUID2, and adds an empty entry for the
 * signature leaf to each vCPU's table.  A VMM of your own needs the entry alone,
 * see hide().  The VMM has to be linked with a shared libc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm_exit_stats.h"

int ioctl(int fd, unsigned long request, ...);

/* The table with one entry more: no signature, so no class. */
static struct kvm_cpuid2 *hide(const struct kvm_cpuid2 *table)
{
	size_t size = sizeof(*table) + table->nent * sizeof(table->entries[0]);
	struct kvm_cpuid2 *longer = calloc(1, size + sizeof(table->entries[0]));
	__u32 i;

	if (!longer)
		return NULL;
	memcpy(longer, table, size);
	for (i = 0; i < table->nent; i++) {
		if (table->entries[i].function == KVM_EXIT_STATS_SIGNATURE)
			return longer;	/* the VMM knows of it */
	}
	longer->entries[longer->nent++].function = KVM_EXIT_STATS_SIGNATURE;
	return longer;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct kvm_cpuid2 *longer;
	va_list args;
	void *arg;
	int ret, error;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request != KVM_SET_CPUID2)
		return (int)syscall(SYS_ioctl, fd, request, arg);

	longer = hide(arg);
	if (!longer) {
		errno = ENOMEM;
		return -1;
	}
	ret = (int)syscall(SYS_ioctl, fd, request, longer);
	error = errno;
	free(longer);
	errno = error;
	return ret;
}
