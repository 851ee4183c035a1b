// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's statistics file, read as any program that knows only KVM's own
 * documentation reads it, holds the host's table and what the guest sees.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define MAX_FILE	(1 << 16)
#define NR_HYPERCALLS	70
#define NR_IO		30

/* All of a file; what is in it is found by its header alone. */
struct stats_file {
	int fd;
	ssize_t size;
	char bytes[MAX_FILE];
};

static const struct kvm_stats_header *file_header(const struct stats_file *file)
{
	return (const void *)file->bytes;
}

static const struct kvm_stats_desc *file_desc(const struct stats_file *file, u32 i)
{
	const struct kvm_stats_header *header = file_header(file);

	return (const void *)(file->bytes + header->desc_offset +
			      i * (sizeof(struct kvm_stats_desc) + header->name_size));
}

static const u64 *file_data(const struct stats_file *file, const struct kvm_stats_desc *desc)
{
	return (const void *)(file->bytes + file_header(file)->data_offset + desc->offset);
}

static void file_read(struct stats_file *file)
{
	const struct kvm_stats_header *header = file_header(file);

	file->size = pread(file->fd, file->bytes, MAX_FILE, 0);
	if (file->size < (ssize_t)sizeof(*header) || file->size == MAX_FILE ||
	    file->size < (ssize_t)header->data_offset)
		die("the statistics file has %zd bytes", file->size);
}

static void file_open(struct stats_file *file, const struct vcpu *vcpu)
{
	file->fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	if (file->fd < 0)
		die("KVM_GET_STATS_FD: %s", strerror(errno));
	file_read(file);
}

static const struct kvm_stats_desc *file_find(const struct stats_file *file, const char *name)
{
	for (u32 i = 0; i < file_header(file)->num_desc; i++)
		if (!strcmp(file_desc(file, i)->name, name))
			return file_desc(file, i);
	return NULL;
}

/* The descriptors that are ours follow KVM's. */
static u32 first_of_ours(const struct stats_file *file)
{
	const char *prefix = host.svm ? "svm_exit_code" : "vmx_exit_reason";
	u32 i = 0;

	while (i < file_header(file)->num_desc &&
	       strncmp(file_desc(file, i)->name, prefix, strlen(prefix)))
		i++;
	return i;
}

static const char *const column[NR_COLS] = {
	[COL_EXITS] = "exits",
	[COL_KERNEL] = "kernel_cycles",
	[COL_USER] = "user_cycles",
	[COL_IDLE] = "idle_cycles",
	[COL_PREEMPTED] = "preempted_cycles",
};

static const u32 stat_of_column[NR_COLS] = {
	[COL_EXITS] = KVM_EXIT_STAT_EXITS,
	[COL_KERNEL] = KVM_EXIT_STAT_KERNEL,
	[COL_USER] = KVM_EXIT_STAT_USER,
	[COL_IDLE] = KVM_EXIT_STAT_IDLE,
	[COL_PREEMPTED] = KVM_EXIT_STAT_PREEMPTED,
};

/* Where the documentation says that a reason's value is; false: nowhere. */
static bool file_value(const struct stats_file *file, u32 code, int col, u64 *value)
{
	const char *histogram = host.svm ? "svm_exit_code" : "vmx_exit_reason";
	const struct kvm_stats_desc *desc;
	u32 bucket = code;
	char name[64];

	if (host.svm && code >= 0x80000000) {
		histogram = "svm_exit_code_minus1";
		bucket = -1 - code;
	} else if (host.svm && code >= 0x400) {
		histogram = "svm_exit_code_0x400";
		bucket = code - 0x400;
	}
	snprintf(name, sizeof(name), "%s_%s", histogram, column[col]);
	desc = file_find(file, name);
	if (!desc || bucket >= desc->size)
		return false;
	*value = file_data(file, desc)[bucket];
	return true;
}

static u64 file_scalar(const struct stats_file *file, const char *name)
{
	const struct kvm_stats_desc *desc = file_find(file, name);

	return desc && desc->size == 1 ? *file_data(file, desc) : 0;
}

/* All of a column, whatever the bucket. */
static u64 file_sum(const struct stats_file *file, int col)
{
	u32 nr = file_header(file)->num_desc;
	u64 sum = 0;

	for (u32 i = first_of_ours(file); i < nr; i++) {
		const struct kvm_stats_desc *desc = file_desc(file, i);
		size_t length = strlen(desc->name), end = strlen(column[col]);

		if (!strncmp(desc->name, "exit_stats", strlen("exit_stats")) ||
		    length < end || strcmp(desc->name + length - end, column[col]))
			continue;
		for (u32 bucket = 0; bucket < desc->size; bucket++)
			sum += file_data(file, desc)[bucket];
	}
	return sum;
}

static __guest void guest_work(struct guest *g)
{
	for (int i = 0; i < NR_HYPERCALLS; i++)
		hypercall(g);
	for (int i = 0; i < NR_IO; i++)
		outb(PORT_DATA, i);
}

static void descriptors(const struct stats_file *file)
{
	const struct kvm_stats_header *header = file_header(file);
	u32 ours = first_of_ours(file);
	u32 offset = 0, bad = 0, twice = 0, units = 0;

	for (u32 i = 0; i < header->num_desc; i++) {
		const struct kvm_stats_desc *desc = file_desc(file, i);
		u32 cycles = strstr(desc->name, "_cycles") ? KVM_STATS_UNIT_CYCLES : 0;
		bool scalar = !strncmp(desc->name, "exit_stats", strlen("exit_stats"));
		u32 type = desc->flags & KVM_STATS_TYPE_MASK;

		bad += desc->offset != offset;
		offset += desc->size * sizeof(u64);
		for (u32 k = 0; k < i; k++)
			twice += !strcmp(desc->name, file_desc(file, k)->name);
		if (i < ours)
			continue;
		units += (desc->flags & KVM_STATS_UNIT_MASK) != cycles ||
			 (desc->flags & KVM_STATS_BASE_MASK) || desc->exponent;
		if (scalar)
			units += desc->size != 1 || desc->bucket_size;
		else
			units += type != KVM_STATS_TYPE_LINEAR_HIST || desc->bucket_size != 1;
	}
	check(ours && ours < header->num_desc, "ours follow KVM's own", "%u of %u", ours,
	      header->num_desc);
	check(!bad && file->size == (ssize_t)(header->data_offset + offset),
	      "values lie one after the other, to the end of the file",
	      "%u do not, %zd bytes, expected %u", bad, file->size,
	      header->data_offset + offset);
	check(!twice, "no name is there twice", "%u are", twice);
	check(!units, "each has the type, the unit and the scale that its name says",
	      "%u do not", units);
}

/* The vCPU is at rest: both are the same numbers. */
static void equals_host_table(struct vcpu *vcpu, struct stats_file *file)
{
	const struct kvm_stats_desc *desc;
	static struct table table;
	u64 hz;

	if (!vcpu_table(vcpu, &table)) {
		check(false, "the host's table", "it is not in debugfs");
		return;
	}
	file_read(file);
	for (int col = 0; col < NR_COLS; col++) {
		u32 differ = 0, nowhere = 0;
		char name[64];
		u64 other = 0, sum;

		for (unsigned int i = 0; i < nr_reasons; i++) {
			u64 expected = table_get(&table, reasons[i].code, col), value;

			if (!file_value(file, reasons[i].code, col, &value))
				nowhere++;
			else
				differ += value != expected;
		}
		snprintf(name, sizeof(name), "each row is in its bucket: %s", column[col]);
		check(!differ && !nowhere, name, "%u differ, %u have none", differ, nowhere);

		snprintf(name, sizeof(name), "%s_%s",
			 host.svm ? "svm_exit_code" : "vmx_exit_reason", column[col]);
		desc = file_find(file, name);
		if (desc)
			other = file_data(file, desc)[desc->size - 1];
		sum = file_sum(file, col);
		snprintf(name, sizeof(name), "all buckets are the total: %s", column[col]);
		check(sum == table.total[col] && other == table.other[col], name,
		      "sum %lu, total %lu, other %lu and %lu", sum, table.total[col], other,
		      table.other[col]);
	}
	check(file_sum(file, COL_EXITS) == file_scalar(file, "exits"),
	      "all buckets are KVM's own count of exits", "%lu and %lu",
	      file_sum(file, COL_EXITS), file_scalar(file, "exits"));
	check(file_scalar(file, "exit_stats_guest_cycles") == table.guest &&
		      file_scalar(file, "exit_stats_stopped_cycles") == table.stopped &&
		      file_scalar(file, "exit_stats_elapsed_cycles") == table.elapsed,
	      "the vCPU's own times are there", "guest %lu and %lu",
	      file_scalar(file, "exit_stats_guest_cycles"), table.guest);
	/*
	 * KVM_GET_TSC_KHZ of a guest that is not scaled is the host's; but some
	 * seconds after its boot the host's kernel measures it once more.
	 */
	hz = file_scalar(file, "exit_stats_tsc_hz");
	check(hz / 10 > host.tsc_khz * 99 && hz / 10 < host.tsc_khz * 101,
	      "so is the frequency of the cycles", "%lu Hz, expected %lu kHz", hz,
	      host.tsc_khz);
}

/* The row of hypercalls does not move any more while the guest asks. */
static void equals_guest(struct vcpu *vcpu, struct stats_file *file)
{
	u32 slot = reason_by_code(REASON_HYPERCALL)->slot;
	struct query q[NR_COLS];
	u32 differ = 0;

	for (int col = 0; col < NR_COLS; col++)
		q[col] = (struct query) {
			.leaf = KVM_EXIT_STATS_VALUE,
			.subleaf = KVM_EXIT_STATS_SELECT(slot, stat_of_column[col]) |
				   KVM_EXIT_STATS_THIS_VCPU,
		};
	ask(vcpu, q, NR_COLS);
	file_read(file);
	for (int col = 0; col < NR_COLS; col++) {
		u64 value;

		differ += !file_value(file, REASON_HYPERCALL, col, &value) ||
			  value != answer_exits(&q[col]);
	}
	check(!differ && q[COL_EXITS].rax == NR_HYPERCALLS, "the guest reads the same",
	      "%u of %u differ, %lu hypercalls", differ, NR_COLS, q[COL_EXITS].rax);
}

/* However a program cuts it, the file is the same. */
static void in_pieces(const struct stats_file *file)
{
	static const size_t sizes[] = { 1, 7, 24, 4096 };
	const struct kvm_stats_header *header = file_header(file);
	char piece[4096], *volatile nowhere = NULL;
	off_t from, last;

	for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
		size_t size = sizes[k];
		bool equal = true;
		char name[64];

		/* Read byte by byte, the whole file takes an emulator too long. */
		last = size == 1 ? header->id_offset + header->name_size : file->size;
		for (from = 0; from < last && equal; from += size) {
			ssize_t n = pread(file->fd, piece, size, from);
			ssize_t expected = file->size - from;

			if (expected > (ssize_t)size)
				expected = size;
			equal = n == expected && !memcmp(piece, file->bytes + from, n);
		}
		snprintf(name, sizeof(name), "read in pieces of %zu bytes it is the same", size);
		check(equal, name, "not before byte %ld", from);
	}
	check(pread(file->fd, piece, 1, file->size) == 0 &&
		      pread(file->fd, piece, 1, file->size + 4096) == 0,
	      "it ends where it ends", "there is more");
	errno = 0;
	check(pread(file->fd, nowhere, 64, header->data_offset) == -1 && errno == EFAULT,
	      "a bad address is an error", "errno %d", errno);
}

/* The values of a file without statistics; the rest may not differ. */
static bool ours_are_zero(const struct stats_file *file)
{
	u32 nr = file_header(file)->num_desc;

	for (u32 i = first_of_ours(file); i < nr; i++) {
		const struct kvm_stats_desc *desc = file_desc(file, i);

		for (u32 bucket = 0; bucket < desc->size; bucket++)
			if (strcmp(desc->name, "exit_stats_tsc_hz") &&
			    file_data(file, desc)[bucket])
				return false;
	}
	return true;
}

static void mode(const char *name)
{
	if (!file_write(MODE_PARAMETER, name))
		die("cannot write %s to " MODE_PARAMETER, name);
}

static void while_off(const struct stats_file *on)
{
	static struct stats_file file;
	u32 descs = file_header(on)->desc_offset;
	struct vm *vm;
	struct vcpu *vcpu;
	u64 exits, before;
	char was[16];

	file_word(MODE_PARAMETER, was, sizeof(was));
	mode("off");
	vm = vm_create(0);
	vcpu = vcpu_create(vm);
	vcpu_call(vcpu, guest_work);
	file_open(&file, vcpu);
	check(file.size == on->size &&
		      !memcmp(file.bytes + descs, on->bytes + descs,
			      file_header(on)->data_offset - descs),
	      "off: the descriptors are the same", "%zd bytes, not %zd", file.size, on->size);
	check(ours_are_zero(&file) && file_scalar(&file, "exits"),
	      "off: nothing but KVM's own statistics counts", "%lu exits",
	      file_sum(&file, COL_EXITS));

	exits = file_scalar(&file, "exits");
	mode("host");
	vcpu_call(vcpu, guest_work);
	file_read(&file);
	before = file_sum(&file, COL_EXITS);
	check(before && before == file_scalar(&file, "exits") - exits,
	      "host: exits count from now on", "%lu of %lu", before,
	      file_scalar(&file, "exits") - exits);

	mode("off");
	vcpu_call(vcpu, guest_work);
	file_read(&file);
	check(file_sum(&file, COL_EXITS) == before,
	      "off again: what was counted stays, and does not grow", "%lu, was %lu",
	      file_sum(&file, COL_EXITS), before);
	mode(was);
	close(file.fd);
	vm_destroy(vm);
}

static struct stats_file file, again;

void test_stats_fd(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm), *second = vcpu_create(vm);

	file_open(&file, vcpu);
	check(ours_are_zero(&file), "a vCPU that has not run has zeros", "it has not");
	vcpu_call(vcpu, guest_work);
	file_read(&file);
	descriptors(&file);
	equals_host_table(vcpu, &file);
	equals_guest(vcpu, &file);
	in_pieces(&file);

	file_open(&again, second);
	check(ours_are_zero(&again), "another vCPU's exits are not in it", "%lu are",
	      file_sum(&again, COL_EXITS));
	close(again.fd);

	while_off(&file);

	/* The file keeps the VM. */
	file_read(&file);
	again = file;
	vm_destroy(vm);
	file_read(&file);
	check(file.size == again.size && !memcmp(file.bytes, again.bytes, file.size),
	      "the file outlives its VM's other files", "it has %zd bytes", file.size);
	close(file.fd);
}

/* In a form that "diff" and "comm" take. */
void test_descriptors(void)
{
	struct vm *vm = vm_create(0);

	file_open(&file, vcpu_create(vm));
	for (u32 i = 0; i < file_header(&file)->num_desc; i++) {
		const struct kvm_stats_desc *desc = file_desc(&file, i);

		printf("descriptor %s %#x %d %u %u %u\n", desc->name, desc->flags,
		       desc->exponent, desc->size, desc->offset, desc->bucket_size);
	}
	check(file_header(&file)->num_desc, "there are some", "there is none");
	close(file.fd);
	vm_destroy(vm);
}
