// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host that answers anything: the library reads it or refuses, with a sentence.
 * The first answers are as they should be, or hardly any input came past them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

struct host {
	const uint8_t *data;
	size_t size, at;
	uint8_t honest; /* which answers are not left to the input */
};

static uint32_t next(struct host *host)
{
	uint32_t word = 0;

	for (int i = 0; i < 4; i++) {
		if (host->at == host->size)
			host->at = 1;
		word = word << 8 | host->data[host->at++];
	}
	return word;
}

static void answer(void *data, uint32_t leaf, uint32_t subleaf, struct exitstat_regs *regs)
{
	struct host *host = data;

	regs->eax = next(host);
	regs->ebx = next(host);
	regs->ecx = next(host);
	regs->edx = next(host);

	if (leaf == 1 && host->honest & 1) {
		regs->ecx |= 1u << 31;
	} else if (leaf == KVM_EXIT_STATS_SIGNATURE && host->honest & 2) {
		*regs = (struct exitstat_regs) {
			KVM_EXIT_STATS_MAX_LEAF, KVM_EXIT_STATS_SIGNATURE_EBX,
			KVM_EXIT_STATS_SIGNATURE_ECX, KVM_EXIT_STATS_SIGNATURE_EDX,
		};
	} else if (leaf == KVM_EXIT_STATS_INFO && subleaf == KVM_EXIT_STATS_INFO_ABI &&
		   host->honest & 4) {
		regs->eax = 1;
		regs->ecx = 1 + (regs->ecx & 1);
		regs->edx = 1 + (regs->edx & 0xff);
	} else if (leaf == KVM_EXIT_STATS_INFO && subleaf == KVM_EXIT_STATS_INFO_INSTANCE &&
		   host->honest & 8) {
		regs->eax = 1;
		regs->ebx = 2;
	} else if (leaf == KVM_EXIT_STATS_STAT && host->honest & 16) {
		regs->eax &= 0x3f;
		regs->ebx = 1 + (regs->ebx & 1);
	}
}

static int next_cpu(void *data, int after)
{
	return after < 2 ? after + 1 : -1;
}

static int pin(void *data, int cpu)
{
	return 0;
}

static void check(struct exitstat *es, int err)
{
	if (err && !exitstat_reason(es)[0])
		abort();
}

static void look(struct exitstat *es, unsigned int flags)
{
	static const unsigned int with[] = {
		0, EXITSTAT_WITH_ROW_STATS, EXITSTAT_WITH_HISTOGRAMS,
		EXITSTAT_WITH_ROW_STATS | EXITSTAT_WITH_HISTOGRAMS | EXITSTAT_WITH_VCPU_STATS,
	};
	struct exitstat_query query = {
		.vcpu = flags & 1 ? EXITSTAT_WHOLE_VM : (int)(flags >> 1 & 3),
		.with = with[flags >> 3 & 3] | (flags & 32 ? EXITSTAT_SUMS_ONLY : 0),
	};
	struct exitstat_snapshot *one = NULL, *two = NULL, *diff = NULL;
	char name[EXITSTAT_NAME_SIZE];
	int err;

	err = exitstat_read(es, &query, &one);
	check(es, err);
	if (!err) {
		err = exitstat_read(es, &query, &two);
		check(es, err);
	}
	if (!err) {
		err = exitstat_diff(es, one, two, flags >> 6 & 1, &diff);
		check(es, err);
	}
	if (!err) {
		for (size_t i = 0; i < diff->nr_rows; i++)
			exitstat_name(es, &diff->rows[i], name, sizeof(name));
	}
	exitstat_snapshot_free(one);
	exitstat_snapshot_free(two);
	exitstat_snapshot_free(diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host = { .data = data, .size = size, .at = 2 };
	const struct exitstat_cpuid cpuid = {
		.read = answer,
		.next_cpu = next_cpu,
		.pin = pin,
		.data = &host,
	};
	const struct exitstat_vcpu *vcpus;
	struct exitstat *es = NULL;
	size_t nr;
	int err;

	if (size < 4)
		return 0;
	host.honest = data[1];
	err = exitstat_open_cpuid(&es, &cpuid);
	check(es, err);
	if (!err) {
		check(es, exitstat_vcpus(es, &vcpus, &nr));
		look(es, data[0]);
	}
	exitstat_close(es);
	return 0;
}
