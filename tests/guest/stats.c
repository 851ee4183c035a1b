// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"

#define ENTRY(slot, code, name) { slot, code, #name },

static const struct reason vmx_reasons[] = {
	KVM_EXIT_REASONS_VMX(ENTRY, ENTRY)
};

static const struct reason svm_reasons[] = {
	KVM_EXIT_REASONS_SVM(ENTRY, ENTRY)
};

static_assert(ARRAY_SIZE(vmx_reasons) < MAX_REASONS, "");
static_assert(ARRAY_SIZE(svm_reasons) < MAX_REASONS, "");

const struct reason *reasons;
unsigned int nr_reasons;

void reasons_init(void)
{
	reasons = host.svm ? svm_reasons : vmx_reasons;
	nr_reasons = host.svm ? ARRAY_SIZE(svm_reasons) :
				ARRAY_SIZE(vmx_reasons);
}

const struct reason *reason_by_code(u32 code)
{
	for (unsigned int i = 0; i < nr_reasons; i++)
		if (reasons[i].code == code)
			return &reasons[i];
	return NULL;
}

bool code_has_no_row(u32 code)
{
#define NO_ROW(code, name) (code),
	static const u32 codes[] = { KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW) };

	for (unsigned int i = 0; host.svm && i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

bool reason_is_async(u32 code)
{
	if (host.svm)
		return code == SVM_INTR || code == SVM_NMI || code == SVM_SMI;
	/* KVM's timer, and how it forces an exit */
	return code == VMX_EXTERNAL_INTERRUPT || code == VMX_PREEMPTION_TIMER;
}

u64 counts_get(const struct counts *counts, u32 code)
{
	for (unsigned int i = 0; i < counts->nr; i++)
		if (counts->of[i].code == code)
			return counts->of[i].exits;
	return 0;
}

void counts_set(struct counts *counts, u32 code, u64 exits)
{
	unsigned int i = 0;

	while (i < counts->nr && counts->of[i].code != code)
		i++;
	if (i == MAX_REASONS)
		die("more exit reasons than there can be");
	if (i == counts->nr)
		counts->nr++;
	counts->of[i].code = code;
	counts->of[i].exits = exits;
}

struct question {
	u64 nr;
	u64 unused;
	struct query queries[];
};

static __guest void guest_ask(struct guest *g)
{
	struct question *question = g->data;

	for (u64 i = 0; i < question->nr; i++) {
		struct query *q = &question->queries[i];
		const u64 high = REGISTER_GARBAGE & ~0xffffffffull;
		struct regs r = {
			.rax = high | q->leaf,
			.rbx = REGISTER_GARBAGE,
			.rcx = high | q->subleaf,
			.rdx = REGISTER_GARBAGE,
		};

		cpuid(&r);
		q->rax = r.rax;
		q->rbx = r.rbx;
		q->rcx = r.rcx;
		q->rdx = r.rdx;
	}
}

void ask(struct vcpu *vcpu, struct query *queries, unsigned int nr)
{
	struct question *question = vcpu->data;

	while (nr) {
		unsigned int now = nr < MAX_QUERIES ? nr : MAX_QUERIES;

		question->nr = now;
		memcpy(question->queries, queries, now * sizeof(*queries));
		vcpu_call(vcpu, guest_ask);
		memcpy(queries, question->queries, now * sizeof(*queries));
		queries += now;
		nr -= now;
	}
}

u64 answer_exits(const struct query *query)
{
	return query->rbx << 32 | query->rax;
}

u64 answer_cycles(const struct query *query)
{
	return query->rbx << 32 | query->rcx;
}

static u64 ask_one(struct vcpu *vcpu, u32 leaf, u32 subleaf)
{
	struct query query = { .leaf = leaf, .subleaf = subleaf };

	ask(vcpu, &query, 1);
	return answer_exits(&query);
}

u64 ask_exits(struct vcpu *vcpu, u32 reason)
{
	return ask_one(vcpu, KVM_EXIT_STATS_REASON_EXITS, reason);
}

u64 ask_total_exits(struct vcpu *vcpu)
{
	return ask_one(vcpu, KVM_EXIT_STATS_TOTAL_EXITS, 0);
}

u64 ask_value(struct vcpu *vcpu, u32 select)
{
	return ask_one(vcpu, KVM_EXIT_STATS_VALUE, select);
}

bool guest_sees_stats(void)
{
	struct query query = { .leaf = KVM_EXIT_STATS_SIGNATURE };
	struct vm *vm = vm_create(0);

	ask(vcpu_create(vm), &query, 1);
	vm_destroy(vm);
	return query.rax >= KVM_EXIT_STATS_SIGNATURE &&
	       query.rbx == KVM_EXIT_STATS_SIGNATURE_EBX &&
	       query.rcx == KVM_EXIT_STATS_SIGNATURE_ECX &&
	       query.rdx == KVM_EXIT_STATS_SIGNATURE_EDX;
}

static bool read_table(const char *path, struct table *table)
{
	FILE *file = fopen(path, "re");
	char line[256], name[64], code[32];
	u64 col[NR_COLS];

	if (!file)
		return false;
	memset(table, 0, sizeof(*table));
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		if (sscanf(line, "VCPU guest=%lu stopped=%lu elapsed=%lu",
			   &table->guest, &table->stopped, &table->elapsed) == 3)
			continue;
		/* The line of column heads has no numbers and falls out here. */
		if (sscanf(line, "%63s %31s %lu %lu %lu %lu %lu", name, code,
			   &col[COL_EXITS], &col[COL_KERNEL], &col[COL_USER],
			   &col[COL_IDLE], &col[COL_PREEMPTED]) != 2 + NR_COLS)
			continue;
		if (!strcmp(name, "TOTAL")) {
			memcpy(table->total, col, sizeof(col));
			continue;
		}
		if (code[0] == '-') {
			memcpy(table->other, col, sizeof(col));
		} else {
			counts_set(&table->counts, strtoul(code, NULL, 16),
				   col[COL_EXITS]);
			memcpy(table->rows[table->counts.nr - 1], col, sizeof(col));
		}
		for (int i = 0; i < NR_COLS; i++)
			table->sum[i] += col[i];
	}
	fclose(file);
	return true;
}

#define DEBUGFS	"/sys/kernel/debug"
#define TRACEFS	"/sys/kernel/tracing"

static void mount_once(const char *type, const char *where, const char *probe)
{
	if (access(probe, F_OK))
		mount("none", where, type, 0, NULL);
}

bool vm_table(struct vm *vm, struct table *table)
{
	char path[128];

	mount_once("debugfs", DEBUGFS, DEBUGFS "/kvm");
	snprintf(path, sizeof(path), DEBUGFS "/kvm/%d-%d/exit_stats",
		 vm->creator, vm->fd);
	return read_table(path, table);
}

bool vcpu_table(struct vcpu *vcpu, struct table *table)
{
	char path[128];

	mount_once("debugfs", DEBUGFS, DEBUGFS "/kvm");
	snprintf(path, sizeof(path), DEBUGFS "/kvm/%d-%d/vcpu%d/exit_stats",
		 vcpu->vm->creator, vcpu->vm->fd, vcpu->index);
	return read_table(path, table);
}

u64 table_buckets(const struct table *table)
{
	u64 sum = table->guest + table->stopped;

	for (int i = COL_KERNEL; i < NR_COLS; i++)
		sum += table->total[i];
	return sum;
}

u64 table_get(const struct table *table, u32 code, int col)
{
	for (unsigned int i = 0; i < table->counts.nr; i++)
		if (table->counts.of[i].code == code)
			return table->rows[i][col];
	return 0;
}

static u64 vcpu_stat_exits(struct vcpu *vcpu)
{
	struct kvm_stats_header header;
	int fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	u64 value = 0;
	bool found = false;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		die("KVM_GET_STATS_FD: %s", strerror(errno));

	for (u32 i = 0; i < header.num_desc && !found; i++) {
		size_t size = sizeof(struct kvm_stats_desc) + header.name_size;
		char buffer[256];
		struct kvm_stats_desc *desc = (void *)buffer;

		if (size > sizeof(buffer))
			die("KVM's statistics have longer names than expected");
		if (pread(fd, buffer, size, header.desc_offset + i * size) !=
		    (ssize_t)size)
			break;
		if (strcmp(desc->name, "exits"))
			continue;
		found = pread(fd, &value, sizeof(value),
			      header.data_offset + desc->offset) == sizeof(value);
	}
	close(fd);
	if (!found)
		die("KVM has no statistic \"exits\"");
	return value;
}

u64 vm_stat_exits(struct vm *vm)
{
	u64 sum = 0;

	for (int i = 0; i < vm->nr_vcpus; i++)
		sum += vcpu_stat_exits(&vm->vcpus[i]);
	return sum;
}

#define KVM_EXIT_EVENT	TRACEFS "/events/kvm/kvm_exit"
#define TRIGGER		"hist:keys=exit_reason"

static bool trigger(const char *command)
{
	return file_write(KVM_EXIT_EVENT "/trigger", command);
}

static void trace_stop(void)
{
	trigger("!" TRIGGER);
}

bool trace_start(void)
{
	mount_once("tracefs", TRACEFS, TRACEFS "/events");
	trigger("!" TRIGGER);
	if (!trigger(TRIGGER))
		return false;
	atexit(trace_stop);
	return true;
}

void trace_read(struct counts *counts)
{
	FILE *file = fopen(KVM_EXIT_EVENT "/hist", "re");
	char line[256];
	u64 code, exits;

	if (!file)
		die("the histogram of kvm_exit cannot be read");
	counts->nr = 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "{ exit_reason: %lu } hitcount: %lu",
			   &code, &exits) == 2) {
			/* VMX: the whole field, with bits that modify the reason. */
			if (!host.svm)
				code &= 0xffff;
			counts_set(counts, code, counts_get(counts, code) + exits);
		}
	fclose(file);
}
