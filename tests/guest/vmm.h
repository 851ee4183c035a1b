/* SPDX-License-Identifier: GPL-2.0-only */
/* A small VMM on the KVM ioctls: VMs with a few vCPUs that run our functions. */
#ifndef VMM_H
#define VMM_H

#include <linux/kvm.h>

#include "guest.h"

enum {
	VM_NO_IRQCHIP	= 1 << 0,	/* HLT goes to the VMM */
	VM_X2APIC	= 1 << 1,	/* local APIC by MSR, TSC-deadline timer */
};

struct vcpu {
	struct vm *vm;
	int fd;
	int index;
	struct kvm_run *run;
	struct guest *guest;	/* of the guest's memory */
	void *data;

	/* Called for PORT_DATA, GUEST_MMIO, and a HLT that KVM does not handle. */
	void (*io)(struct vcpu *vcpu);
	void *context;
};

/* All that an xAPIC has names for */
#define MANY_VCPUS	255

struct vm {
	int fd;
	unsigned int flags;
	int creator;		/* thread id; debugfs has it in its names */
	u8 *ram;
	struct kvm_cpuid2 *cpuid;
	int nr_vcpus;
	struct vcpu vcpus[MANY_VCPUS];
};

enum vcpu_stop {
	STOP_DONE,	/* the function returned */
	STOP_SIGNAL,	/* vcpu_resume() goes on */
};

/* What the host is: read once by vmm_init(). */
struct host {
	bool svm;
	bool tdp;		/* nested paging is in use */
	bool flexpriority;	/* VMX: accesses to the APIC page are virtualised */
	bool apicv;		/* the local APIC answers without exits */
	bool ipiv;		/* ... and sends IPIs */
	bool vmx_timer;		/* VMX: the preemption timer is in use */
	bool shadow_vmcs;	/* VMX: a guest's VMREAD and VMWRITE need no exit */
	bool vgif;		/* SVM: a guest's GIF is virtualised */
	bool tsc_deadline;
	bool real_mode;		/* SVM, or VMX with unrestricted guest */
	bool tcg;		/* it is QEMU's emulator */
	u64 tsc_khz;
};

extern struct host host;

/* The linker's: first and last address of this program's image */
extern char __executable_start[], end[];

/* NULL, or why no VM can run here. */
const char *vmm_init(void);

/* A new VM; vCPUs are created on demand, one after the other. */
struct vm *vm_create(unsigned int flags);
void vm_destroy(struct vm *vm);

/*
 * Entry of the CPUID table for @leaf; with @add a new one if there is none.
 * Before the vCPU is created only.
 */
struct kvm_cpuid_entry2 *vm_cpuid(struct vm *vm, u32 leaf, bool add);

/*
 * From index MAX_VCPUS - 1 on all share one part of the memory: their functions
 * have to run one after the other.
 */
struct vcpu *vcpu_create(struct vm *vm);

/* Run @fn in the guest from its beginning to its end. */
void vcpu_call(struct vcpu *vcpu, guest_fn fn);

/* The same in steps, for who wants to be interrupted. */
void vcpu_start(struct vcpu *vcpu, guest_fn fn);
enum vcpu_stop vcpu_resume(struct vcpu *vcpu);

/* Memory of the process as memory of the guest, once a VM */
void vm_map(struct vm *vm, u64 address, void *memory, u64 size);

/* Before vcpu_start(): at privilege level 3. */
void vcpu_user_mode(struct vcpu *vcpu);
/* After it: flags beside those that are always set. */
void vcpu_set_rflags(struct vcpu *vcpu, u64 rflags);
/* Instead of it: start in real mode at @ip, with @si and @bp set. */
void vcpu_real_mode(struct vcpu *vcpu, u64 ip, u64 si, u64 bp);

/* Parameters of kvm.ko that tests read and write */
#define MODE_PARAMETER		"/sys/module/kvm/parameters/exit_stats"
#define HISTOGRAM_PARAMETER	"/sys/module/kvm/parameters/exit_stats_histogram"
#define EMULATION_PARAMETER	"/sys/module/kvm/parameters/force_emulation_prefix"

/* The first word of a file, as in sysfs; "" if it cannot be read. */
void file_word(const char *path, char *word, size_t size);
bool file_write(const char *path, const char *text);

#endif /* VMM_H */
