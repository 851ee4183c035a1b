// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics file of a vCPU (KVM_GET_STATS_FD): what KVM has in it, then
 * ours.
 *
 * +--------+----+----------------+----------------+
 * | header | id | descriptors    | data           |
 * |        |    | KVM's   | ours | KVM's   | ours |
 * +--------+----+----------------+----------------+
 *
 * Each statistic of the rows is a linear histogram over the hardware's exit
 * reasons, a bucket for each reason.  AMD's codes lie in three places, so there
 * it is three histograms.
 *
 * Descriptors are the same whether statistics are on or off, as long as kvm.ko
 * is loaded: readers keep them, QEMU even from one file to the next.
 */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "exit_stats.h"
#include "exit_stats_fd.h"

/* The supported kernels agree on this, but have different names for it. */
struct fd_desc {
	u32 flags;
	s16 exponent;
	u16 size;
	u32 offset;
	u32 bucket_size;
	char name[KVM_STATS_NAME_SIZE];
};

/* Where they end in an open array, sparse takes no array of them. */
#ifdef __CHECKER__
#define stock_desc ((const struct fd_desc *)NULL)
#else
#define stock_desc kvm_vcpu_stats_desc
#endif

static_assert(sizeof(struct fd_desc) == sizeof(stock_desc[0]));
static_assert(offsetof(struct fd_desc, size) == offsetof(struct kvm_stats_desc, size) &&
	      offsetof(struct fd_desc, offset) == offsetof(struct kvm_stats_desc, offset));
static_assert(offsetof(struct fd_desc, bucket_size) ==
	      offsetof(struct kvm_stats_desc, bucket_size));
static_assert(sizeof_field(struct kvm_vcpu, stat) % sizeof(u64) == 0);

/* Exit reasons that follow one another, a bucket each. */
struct fd_histogram {
	const char *name;
	u32 first;	/* reason of the first bucket */
	int step;	/* from there to the next one's */
	u16 nr_reasons;
	bool other;	/* one bucket more, for all that are on no list */
};

#define NR_SVM_LOW	0xa7
#define NR_SVM_0X400	4
#define NR_SVM_MINUS1	4

static const struct fd_histogram histograms_vmx[] = {
	{ "vmx_exit_reason", 0, 1, ARRAY_SIZE(exit_map_vmx), true },
	{}
};

static const struct fd_histogram histograms_svm[] = {
	{ "svm_exit_code", 0, 1, NR_SVM_LOW, true },
	{ "svm_exit_code_0x400", 0x400, 1, NR_SVM_0X400, false },
	{ "svm_exit_code_minus1", -1, -1, NR_SVM_MINUS1, false },
	{}
};

/* No row without a bucket. */
#define ASSERT_LOW(slot, code, name) static_assert((code) < NR_SVM_LOW);
KVM_EXIT_REASONS_SVM_LOW(ASSERT_LOW, ASSERT_LOW)
#define ASSERT_BUCKET(slot, code, name)						\
	static_assert(EXIT_SVM_RUN(code, 0x400, 0x400 + NR_SVM_0X400 - 1) ||	\
		      EXIT_SVM_RUN(code, -NR_SVM_MINUS1, -1));
KVM_EXIT_REASONS_SVM_HIGH(ASSERT_BUCKET, ASSERT_BUCKET)

#define ROW_STAT(number, name, text, unit, merge) KVM_EXIT_STAT_##name,
#define VCPU_STAT(number, name, text, unit, merge) KVM_EXIT_STAT_##name,

static const u32 row_stats[] = { KVM_EXIT_ROW_STATS(ROW_STAT) };
static const u32 vcpu_stats[] = { KVM_EXIT_VCPU_STATS(VCPU_STAT) };

/* The file while it is put together; sizes only while there is no memory. */
struct fd_image {
	struct kvm_vcpu *vcpu;
	struct exit_view view;
	struct fd_desc *desc;
	u64 *data;
	bool want_data;
	u32 nr_desc;
	u32 nr_data;
};

static void add(struct fd_image *image, const char *name, const char *what, u32 unit,
		u32 flags, u16 size, u32 bucket_size)
{
	if (image->desc) {
		struct fd_desc *desc = &image->desc[image->nr_desc];

		*desc = (struct fd_desc) {
			.flags	     = flags | KVM_STATS_BASE_POW10,
			.size	     = size,
			.offset	     = image->nr_data * sizeof(u64),
			.bucket_size = bucket_size,
		};
		if (unit == KVM_EXIT_STATS_UNIT_CYCLES)
			desc->flags |= KVM_STATS_UNIT_CYCLES;
		snprintf(desc->name, sizeof(desc->name), "%s_%s%s", name, what,
			 unit == KVM_EXIT_STATS_UNIT_CYCLES ? "_cycles" : "");
	}
	image->nr_desc++;
	image->nr_data += size;
}

static u64 value(const struct fd_image *image, u32 slot, u32 stat)
{
	return exit_view_sum(&image->view, image->vcpu->vcpu_idx, slot, stat);
}

static void add_histogram(struct fd_image *image, const struct fd_histogram *histogram, u32 stat)
{
	const struct exit_reasons *reasons = image->view.reasons;
	const struct exit_stat *what = exit_stat_find(stat);
	u64 *bucket = image->data + image->nr_data;
	u32 slot, i;

	add(image, histogram->name, what->name, what->unit, KVM_STATS_TYPE_LINEAR_HIST,
	    histogram->nr_reasons + histogram->other, 1);
	if (!image->want_data)
		return;

	for (i = 0; i < histogram->nr_reasons; i++) {
		slot = reasons->find(histogram->first + i * histogram->step);
		if (slot != EXIT_SLOT_OTHER && slot < reasons->nr_rows)
			bucket[i] = value(image, slot, stat);
	}
	if (histogram->other)
		bucket[i] = value(image, EXIT_SLOT_OTHER, stat);
}

static void add_vcpu_stat(struct fd_image *image, u32 stat)
{
	const struct exit_stat *what = exit_stat_find(stat);
	u64 *data = image->data + image->nr_data;

	add(image, "exit_stats", what->name, what->unit, KVM_STATS_TYPE_CUMULATIVE, 1, 0);
	if (image->want_data)
		*data = value(image, EXIT_ALL, stat);
}

static void add_tsc_hz(struct fd_image *image)
{
	u64 *data = image->data + image->nr_data;

	add(image, "exit_stats", "tsc_hz", KVM_EXIT_STATS_UNIT_COUNT, KVM_STATS_TYPE_INSTANT, 1, 0);
	if (image->want_data)
		*data = image->view.tsc_hz;
}

static void add_all(struct fd_image *image)
{
	const struct fd_histogram *histogram;
	u32 i;

	image->nr_desc = kvm_vcpu_stats_header.num_desc;
	image->nr_data = sizeof(image->vcpu->stat) / sizeof(u64);

	histogram = image->view.reasons->ns == KVM_EXIT_STATS_NS_SVM ? histograms_svm :
								       histograms_vmx;
	for (; histogram->name; histogram++) {
		for (i = 0; i < ARRAY_SIZE(row_stats); i++)
			add_histogram(image, histogram, row_stats[i]);
	}

	for (i = 0; i < ARRAY_SIZE(vcpu_stats); i++)
		add_vcpu_stat(image, vcpu_stats[i]);
	add_tsc_hz(image);
}

static void copy_stock_data(u64 *data, const struct kvm_vcpu *vcpu)
{
	const u64 *stat = (const u64 *)&vcpu->stat;
	u32 i;

	for (i = 0; i < sizeof(vcpu->stat) / sizeof(u64); i++) {
		/* KVM goes on counting meanwhile, with plain writes. */
		data[i] = data_race(READ_ONCE(stat[i]));
	}
}

ssize_t kvm_exit_stats_fd_read(struct kvm_vcpu *vcpu, char __user *buffer, size_t size,
			       loff_t *offset)
{
	const struct kvm_stats_header *stock = &kvm_vcpu_stats_header;
	struct fd_image image = { .vcpu = vcpu };
	struct kvm_stats_header *header;
	u32 data_offset, file_size;
	ssize_t ret;
	char *file;

	kvm_exit_stats_view(vcpu->kvm, &image.view);
	add_all(&image);
	data_offset = stock->desc_offset + image.nr_desc * sizeof(struct fd_desc);
	file_size = data_offset + image.nr_data * sizeof(u64);

	/* The owner of the VM can have many files open, but reads in its own time. */
	file = kvzalloc(file_size, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;

	header = (void *)file;
	*header = *stock;
	header->num_desc = image.nr_desc;
	header->data_offset = data_offset;
	memcpy(file + stock->id_offset, vcpu->stats_id, sizeof(vcpu->stats_id));

	image.desc = (void *)(file + stock->desc_offset);
	memcpy(image.desc, stock_desc, stock->num_desc * sizeof(struct fd_desc));

	/* Readers of the head do not pay for the sums. */
	image.data = (void *)(file + data_offset);
	image.want_data = *offset + (loff_t)size > data_offset;
	if (image.want_data)
		copy_stock_data(image.data, vcpu);
	add_all(&image);

	ret = simple_read_from_buffer(buffer, size, offset, file, file_size);
	kvfree(file);
	return ret;
}
