/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of this host, as KVM shows them in debugfs; for root. */
#ifndef EXITSTAT_HOST_H
#define EXITSTAT_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HOST_DEBUGFS	"/sys/kernel/debug/kvm"
#define HOST_PROC	"/proc"
#define HOST_MODE	"/sys/module/kvm/parameters/exit_stats"

#define MAX_HOST_COLUMNS	16
#define MAX_HOST_TIMES		8
#define MAX_HOST_BUCKETS	64

/* A name and a number of it that the kernel gave, whatever kernel it is. */
struct host_column {
	char name[24];
};

struct host_row {
	char reason[40];
	char code[16];	/* as the hardware has it, 0x72; "" for OTHER */
	uint64_t value[MAX_HOST_COLUMNS];
	/* In cycles, of single exits; zero if not known */
	uint64_t longest;
	uint64_t bucket[MAX_HOST_BUCKETS];
};

/* What a table says. */
struct host_table {
	char vendor[8];	/* SVM, VMX */
	uint64_t instance;
	uint64_t tsc_hz;
	unsigned int vcpus;
	struct host_column column[MAX_HOST_COLUMNS]; /* exits, then cycles */
	size_t nr_columns;
	struct host_row *row;	/* reasons that occurred */
	size_t nr_rows;
	/* Of the histograms, as in struct exitstat_stat; no buckets: none are kept */
	uint32_t nr_buckets;
	uint32_t shift;
	struct host_column time_name[MAX_HOST_TIMES]; /* of all vCPUs */
	uint64_t time[MAX_HOST_TIMES];
	size_t nr_times;
};

struct host_vm {
	char id[64];	/* of debugfs: unique on this host, now */
	long pid;	/* of the VMM */
	char *name;	/* of the VMM's options, or "" */
	char *uuid;	/* likewise */
	struct host_table table;
};

struct host_vms {
	struct host_vm *vm;
	size_t nr;
};

/* 0, -EBADMSG if it is no whole table, -ENOMEM.  Release it in any case. */
int host_table_read(FILE *in, struct host_table *table);
/*
 * The histograms of a table that has been read.  Reasons that occurred since then
 * are left out.  0 or -EBADMSG, then the table has no buckets.
 */
int host_histograms_read(FILE *in, struct host_table *table);
void host_table_release(struct host_table *table);

/*
 * Name and UUID from the options of a VMM, as /proc/PID/cmdline has them: QEMU's
 * -name and -uuid, --name of others, --id of Firecracker.  "" if there are none;
 * fit to be shown.
 * 0 or -ENOMEM.
 */
int host_identify(const char *cmdline, size_t size, char **name, char **uuid);

/*
 * All VMs below debugfs; one that ends meanwhile is left out.  0 or a negative
 * errno; *bad is the number of tables that were not understood.
 */
int host_vms_read(const char *debugfs, const char *proc, struct host_vms **vms, size_t *bad);
void host_vms_free(struct host_vms *vms);

/*
 * As OpenMetrics with "# EOF", or in the older text format that node_exporter's
 * textfile collector reads.  enabled: do vCPUs count?
 */
void host_metrics(FILE *out, const struct host_vms *vms, int enabled, int openmetrics);

#endif /* EXITSTAT_HOST_H */
