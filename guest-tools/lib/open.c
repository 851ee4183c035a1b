// SPDX-License-Identifier: GPL-2.0-only
/* What the host is, and what it offers. */
#include <cpuid.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "kvm_exit_stats.h"

#define HYPERVISOR_BIT		(1u << 31)	/* CPUID 1, ECX */
#define HYPERVISOR_FIRST	0x40000000u
#define HYPERVISOR_LAST		0x4000ff00u
#define HYPERVISOR_STEP		0x100u

#define SIGNATURE_KVM		"KVMKVMKVM\0\0\0"

/* What the user is told */
#define WHY_NO_HYPERVISOR \
	"no hypervisor: this machine is no guest and has no VM exits to show; run this inside a KVM guest"
#define WHY_KVM_WITHOUT \
	"KVM without exit statistics: on the host, load the patched kvm.ko with exit_stats=guest; if it is loaded already, the VMM hides the leaves from this VM"
#define WHY_NAMELESS \
	"a hypervisor that gives no name (KVM with kvm=off looks like this) and no exit statistics: they need a KVM host with the patched kvm.ko"
#define WHY_FOREIGN \
	"the hypervisor is %s (\"%s\"), not KVM: exit statistics need a KVM host with the patched kvm.ko"
#define WHY_LOW_LEAF \
	"the host's highest leaf is 0x%08x, too low for exit statistics of version %u"
#define WHY_BAD_INFO \
	"leaf 0x%08x says version %u with %u rows, which cannot be: does the VMM hide a part of the exit statistics?"

static const struct {
	char signature[13];
	const char *name;
} hypervisors[] = {
	{ SIGNATURE_KVM, "KVM" },
	{ "Linux KVM Hv", "KVM, posing as Hyper-V" },
	{ "Microsoft Hv", "Hyper-V" },
	{ "VMwareVMware", "VMware" },
	{ "XenVMMXenVMM", "Xen" },
	{ "TCGTCGTCGTCG", "QEMU (TCG)" },
	{ "VBoxVBoxVBox", "VirtualBox" },
	{ "bhyve bhyve ", "bhyve" },
	{ " lrpepyh  vr", "Parallels" },
	{ "ACRNACRNACRN", "ACRN" },
	{ "SRESRESRESRE", "LMHS" },
	{ "Jailhouse\0\0\0", "Jailhouse" },
};

static void hardware_cpuid(void *data, uint32_t leaf, uint32_t subleaf,
			   struct exitstat_regs *regs)
{
	(void)data;
	/* Not __get_cpuid_count(): it knows the basic range only. */
	__cpuid_count(leaf, subleaf, regs->eax, regs->ebx, regs->ecx,
		      regs->edx);
}

struct exitstat_regs exitstat_ask(struct exitstat *es, uint32_t leaf,
				  uint32_t subleaf)
{
	struct exitstat_regs regs;

	es->cpuid.read(es->cpuid.data, leaf, subleaf, &regs);
	es->own_exits++;
	if (es->here >= 0)
		exitstat_own_on(es, es->here);
	return regs;
}

int exitstat_fail(struct exitstat *es, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(es->reason, sizeof(es->reason), format, args);
	va_end(args);
	return error;
}

int exitstat_no_memory(struct exitstat *es)
{
	return exitstat_fail(es, -ENOMEM, "out of memory");
}

static void signature_at(struct exitstat *es, uint32_t leaf, char signature[12])
{
	struct exitstat_regs regs = exitstat_ask(es, leaf, 0);

	memcpy(signature, &regs.ebx, 4);
	memcpy(signature + 4, &regs.ecx, 4);
	memcpy(signature + 8, &regs.edx, 4);
}

static void name_hypervisor(struct exitstat_host *host, const char *signature)
{
	size_t i, len;

	for (i = 0; i < sizeof(hypervisors) / sizeof(hypervisors[0]); i++) {
		if (!memcmp(hypervisors[i].signature, signature, 12))
			host->name = hypervisors[i].name;
	}

	for (len = 12; len && !signature[len - 1]; len--)
		;
	for (i = 0; i < len; i++) {
		if (signature[i] >= ' ' && signature[i] <= '~')
			host->signature[i] = signature[i];
		else
			host->signature[i] = '?';
	}
}

/*
 * Behind enlightenments for other systems (Hyper-V's, Xen's) KVM's own leaves
 * move up in steps of 0x100, so the first signature does not settle it.
 */
static void look_at_hypervisor(struct exitstat *es)
{
	struct exitstat_host *host = &es->host;
	char signature[12];
	uint32_t leaf;

	host->kind = EXITSTAT_HOST_FOREIGN;
	for (leaf = HYPERVISOR_FIRST; leaf <= HYPERVISOR_LAST;
	     leaf += HYPERVISOR_STEP) {
		signature_at(es, leaf, signature);
		if (leaf == HYPERVISOR_FIRST)
			name_hypervisor(host, signature);
		if (!memcmp(signature, SIGNATURE_KVM, 12)) {
			host->kind = EXITSTAT_HOST_KVM_WITHOUT;
			host->kvm_leaf = leaf;
			return;
		}
	}
	/* Only KVM ever answered with this one. */
	if (!strcmp(host->signature, "Linux KVM Hv"))
		host->kind = EXITSTAT_HOST_KVM_WITHOUT;
}

/* The signature of exit statistics first: it is there or it is not. */
static int probe(struct exitstat *es, uint32_t *max_leaf)
{
	struct exitstat_host *host = &es->host;
	struct exitstat_regs regs;

	memset(host, 0, sizeof(*host));
	host->name = "";

	regs = exitstat_ask(es, KVM_EXIT_STATS_SIGNATURE, 0);
	*max_leaf = regs.eax;
	if (regs.eax >= KVM_EXIT_STATS_SIGNATURE &&
	    regs.ebx == KVM_EXIT_STATS_SIGNATURE_EBX &&
	    regs.ecx == KVM_EXIT_STATS_SIGNATURE_ECX &&
	    regs.edx == KVM_EXIT_STATS_SIGNATURE_EDX) {
		host->kind = EXITSTAT_HOST_READY;
		return 0;
	}

	if (!(exitstat_ask(es, 1, 0).ecx & HYPERVISOR_BIT)) {
		host->kind = EXITSTAT_HOST_BARE_METAL;
		return exitstat_fail(es, -ENODEV, WHY_NO_HYPERVISOR);
	}

	look_at_hypervisor(es);
	if (host->kind == EXITSTAT_HOST_KVM_WITHOUT)
		return exitstat_fail(es, -ENOSYS, WHY_KVM_WITHOUT);
	if (!host->signature[0])
		return exitstat_fail(es, -EOPNOTSUPP, WHY_NAMELESS);
	return exitstat_fail(es, -EOPNOTSUPP, WHY_FOREIGN,
			     *host->name ? host->name : "one unknown here",
			     host->signature);
}

uint64_t exitstat_ask_instance(struct exitstat *es)
{
	struct exitstat_regs regs = exitstat_ask(es, KVM_EXIT_STATS_INFO,
						 KVM_EXIT_STATS_INFO_INSTANCE);

	return exitstat_u64(regs.eax, regs.ebx);
}

/* What was learned of a host that may be another one now. */
static void forget(struct exitstat *es)
{
	free(es->late_codes);
	free(es->late_known);
	free(es->stats);
	es->late_codes = NULL;
	es->late_known = NULL;
	es->stats = NULL;
	es->nr_stats = 0;
}

static int load_info(struct exitstat *es, uint32_t max_leaf)
{
	struct exitstat_info *info = &es->info;
	struct exitstat_regs regs;
	uint32_t nr_known;

	memset(info, 0, sizeof(*info));
	if (max_leaf < KVM_EXIT_STATS_ROW_SUM)
		return exitstat_fail(es, -EPROTO, WHY_LOW_LEAF, max_leaf,
				     KVM_EXIT_STATS_ABI_VERSION);

	regs = exitstat_ask(es, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI);
	info->abi = regs.eax;
	info->features = regs.ebx;
	info->reasons = regs.ecx;
	info->nr_rows = regs.edx;
	/* The ABI grows by addition only: any later version will do. */
	if (info->abi < 1 || info->nr_rows < 1 ||
	    info->nr_rows > KVM_EXIT_STATS_ALL_ROWS)
		return exitstat_fail(es, -EPROTO, WHY_BAD_INFO,
				     KVM_EXIT_STATS_INFO, info->abi,
				     info->nr_rows);

	regs = exitstat_ask(es, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_CLOCK);
	info->tsc_hz = exitstat_u64(regs.eax, regs.ebx);
	info->nr_vcpus = regs.ecx;
	info->instance = exitstat_ask_instance(es);

	forget(es);
	nr_known = exitstat_nr_known(info->reasons);
	if (info->nr_rows > nr_known) {
		uint32_t late = info->nr_rows - nr_known;

		es->late_codes = calloc(late, sizeof(*es->late_codes));
		es->late_known = calloc(late, sizeof(*es->late_known));
		if (!es->late_codes || !es->late_known)
			return exitstat_no_memory(es);
	}
	return 0;
}

int exitstat_load(struct exitstat *es)
{
	int err;

	err = probe(es, &es->max_leaf);
	if (!err)
		err = load_info(es, es->max_leaf);
	if (err)
		memset(&es->info, 0, sizeof(es->info));
	return err;
}

int exitstat_open_cpuid(struct exitstat **es,
			const struct exitstat_cpuid *cpuid)
{
	*es = calloc(1, sizeof(**es));
	if (!*es)
		return -ENOMEM;
	(*es)->cpuid = *cpuid;
	(*es)->here = -1;
	return exitstat_load(*es);
}

int exitstat_open(struct exitstat **es)
{
	static const struct exitstat_cpuid hardware = {
		.read = hardware_cpuid,
		.next_cpu = exitstat_next_cpu,
		.pin = exitstat_pin_cpu,
	};

	return exitstat_open_cpuid(es, &hardware);
}

void exitstat_close(struct exitstat *es)
{
	if (!es)
		return;
	forget(es);
	free(es->vcpus);
	free(es->own_on);
	free(es);
}

const char *exitstat_reason(const struct exitstat *es)
{
	return es ? es->reason : "out of memory";
}

const struct exitstat_host *exitstat_host(const struct exitstat *es)
{
	return &es->host;
}

const struct exitstat_info *exitstat_info(const struct exitstat *es)
{
	return &es->info;
}

uint64_t exitstat_own_exits(const struct exitstat *es)
{
	return es->own_exits;
}

void exitstat_leaf(struct exitstat *es, uint32_t leaf, uint32_t subleaf,
		   struct exitstat_regs *regs)
{
	*regs = exitstat_ask(es, leaf, subleaf);
}
