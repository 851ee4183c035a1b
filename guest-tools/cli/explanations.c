// SPDX-License-Identifier: GPL-2.0-only
/*
 * The explanations.  To add one for a new reason, add its entry under the name
 * that the list in include/ gives it; a name that is not there does not
 * compile, and a name without an entry fails a unit test.
 *
 * Costs are told by where the work is done, as that holds on any machine:
 *	- in KVM's fast path, with interrupts still off: the cheapest
 *	- in KVM: an exit and an entry, and the handler between them
 *	- in the VMM (QEMU, say): a way to user space and back on top, several
 *	  times as expensive
 * The numbers for the machine at hand are in the tables.
 */
#include <stddef.h>

#include "cli/explanations.h"
#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"

#define VMX_SLOT(slot, code, name) VMX_##name = (slot),
#define SVM_SLOT(slot, code, name) SVM_##name = (slot),

/* The entry after the last is the number of slots. */
enum {
	VMX_OTHER,
	KVM_EXIT_REASONS_VMX(VMX_SLOT, VMX_SLOT)
	NR_VMX
};

enum {
	SVM_OTHER,
	KVM_EXIT_REASONS_SVM(SVM_SLOT, SVM_SLOT)
	NR_SVM
};

#define OTHER_CAUSE \
	"The processor gave an exit code that the host's table does not list."
#define OTHER_COST \
	"It should not occur, and what it costs depends on the code: look for it in\n" \
	"the host's kernel log and in its kvm:kvm_exit tracepoint."

/* --- Intel ---------------------------------------------------------------- */

static const struct explanation vmx[] = {
	[VMX_OTHER] = {
		OTHER_CAUSE,
		OTHER_COST,
	},
	[VMX_EXCEPTION_NMI] = {
		"The guest raised an exception that KVM intercepts (undefined opcode,\n"
		"debug trap, alignment or machine check, page fault without EPT), or an\n"
		"NMI for the host, its watchdog or profiler for example, came in.",
		"KVM works on it in the kernel and mostly hands it back to the guest;\n"
		"fewer come up with EPT on, with debuggers detached, and with no profiler\n"
		"running on the host.",
	},
	[VMX_EXTERNAL_INTERRUPT] = {
		"A hardware interrupt for the host came in while the guest ran: the host's\n"
		"timer tick, one of its devices, or another CPU that wants this one's\n"
		"attention.",
		"The exit itself is among the cheap ones, plus the host's own handler;\n"
		"steer device interrupts and ticks away from the vCPUs' CPUs\n"
		"(irqaffinity=, nohz_full=), and let devices given to the guest post their\n"
		"interrupts directly.",
	},
	[VMX_TRIPLE_FAULT] = {
		"The guest met a fault while it was delivering a double fault, by a bug or\n"
		"on purpose, since that is the last resort to reset a PC.",
		"It ends in the VMM, which resets or stops the VM, so it occurs once at\n"
		"most; if you did not reboot, read the guest's last console lines.",
	},
	[VMX_INIT_SIGNAL] = {
		"An INIT signal reached the physical CPU while it ran the guest, as when\n"
		"the host restarts or takes the CPU down.",
		"It has no part in normal running and there is nothing to reduce in the\n"
		"guest; look at what the host does with its CPUs.",
	},
	[VMX_SIPI_SIGNAL] = {
		"A start-up interrupt arrived at a vCPU that waits for one in hardware, a\n"
		"state in which KVM puts vCPUs of nested guests only.",
		"It costs one pass through KVM when a nested guest's vCPU starts, and\n"
		"needs no reducing.",
	},
	[VMX_IO_SMI] = {
		"A system management interrupt came right after an I/O instruction, with\n"
		"the firmware's SMI monitor running beside KVM.",
		"KVM does not use that mode of operation, so expect none; if there are\n"
		"any, the host's firmware is at work and only its settings help.",
	},
	[VMX_OTHER_SMI] = {
		"A system management interrupt came in, not after an I/O instruction, with\n"
		"the firmware's SMI monitor running beside KVM.",
		"KVM does not use that mode of operation, so expect none; if there are\n"
		"any, the host's firmware is at work and only its settings help.",
	},
	[VMX_INTERRUPT_WINDOW] = {
		"KVM had an interrupt for the guest while the guest had interrupts off,\n"
		"and asked for an exit at the moment it switches them on.",
		"It is one short pass through KVM for such an interrupt; APICv (virtual\n"
		"interrupt delivery) on the host does away with it, and so do shorter\n"
		"stretches with interrupts off in the guest.",
	},
	[VMX_NMI_WINDOW] = {
		"KVM had an NMI for the guest, which was still busy with the one before or\n"
		"could not take it yet, and asked for an exit at the next chance.",
		"It is one short pass through KVM; the guest's NMI watchdog and perf\n"
		"sampling make NMIs, so nmi_watchdog=0 or a lower sampling rate helps.",
	},
	[VMX_TASK_SWITCH] = {
		"The guest switched tasks in hardware, through a task gate or a TSS, which\n"
		"only old 32-bit systems do.",
		"KVM does the whole switch in software, many memory accesses, so it is\n"
		"expensive; a 64-bit guest has none.",
	},
	[VMX_CPUID] = {
		"A program or the kernel executed CPUID, which always exits on Intel; each\n"
		"question that this tool asks is one, too.",
		"KVM answers from a table in the kernel, one of the plainest exits there\n"
		"is; programs should ask once and remember, and not use CPUID to serialise\n"
		"or to time code, and you can read statistics less often.",
	},
	[VMX_GETSEC] = {
		"The guest executed GETSEC, the instruction of Intel's trusted execution\n"
		"(SMX), which always exits.",
		"KVM does not let a guest switch SMX on (CR4.SMXE), and without that the\n"
		"guest has an undefined opcode before there is an exit: expect none.",
	},
	[VMX_HLT] = {
		"A vCPU had nothing to run and halted.",
		"The exit is work for KVM in the kernel, more so if the vCPU's thread has\n"
		"to be put to sleep and woken (the sleep itself is booked as idle, not as\n"
		"cost); batch small wake-ups, poll before halting (cpuidle-haltpoll in the\n"
		"guest, halt_poll_ns on the host), or let vCPUs with a CPU of their own\n"
		"halt without exit (QEMU: -overcommit cpu-pm=on).",
	},
	[VMX_INVD] = {
		"The guest executed INVD, which discards caches and is for firmware alone.",
		"KVM skips the instruction, a short pass, and after the firmware has run\n"
		"there should be no more.",
	},
	[VMX_INVLPG] = {
		"The guest flushed the translation of one page while the host runs it on\n"
		"shadow page tables, without EPT.",
		"KVM has to bring its shadow of that page up to date, which is expensive\n"
		"and comes often; with EPT on the host there are none.",
	},
	[VMX_RDPMC] = {
		"A program or the kernel read a performance counter with RDPMC, and KVM\n"
		"emulates the guest's counters.",
		"KVM asks the host's perf for the value, so it costs far more than on bare\n"
		"metal; read counters less often, or sample instead of reading around each\n"
		"piece of code.",
	},
	[VMX_RDTSC] = {
		"The guest read the time-stamp counter while reading it was intercepted,\n"
		"which KVM does only where a nested hypervisor asks for it.",
		"It is a pass through KVM, or through both hypervisors; configure the\n"
		"nested hypervisor to let its guests read the TSC.",
	},
	[VMX_RSM] = {
		"The guest returned from system management mode under an SMI monitor, a\n"
		"mode of operation that KVM does not use.",
		"Expect none: KVM sees a guest's RSM as an undefined opcode and emulates\n"
		"it under EXCEPTION_NMI, and it comes with the guest firmware's SMIs.",
	},
	[VMX_VMCALL] = {
		"The guest's kernel called KVM, for instance to wake or kick another vCPU,\n"
		"to send interrupts to several at once, or to share memory.",
		"It is a short pass through KVM that usually saves more expensive exits;\n"
		"if there are too many, look at what wakes vCPUs so often, such as locks\n"
		"that many of them want.",
	},
	[VMX_VMCLEAR] = {
		"A hypervisor inside this guest released the control structure of one of\n"
		"its own guests.",
		"KVM emulates it in the kernel and flushes what it had cached; it comes\n"
		"with moving nested vCPUs between CPUs, so pin them.",
	},
	[VMX_VMLAUNCH] = {
		"A hypervisor inside this guest entered its own guest for the first time\n"
		"after loading its state.",
		"KVM checks and merges two sets of controls, one of the most expensive\n"
		"things that it does; it comes with moves of nested vCPUs, so pin them.",
	},
	[VMX_VMPTRLD] = {
		"A hypervisor inside this guest selected the control structure of one of\n"
		"its own guests.",
		"KVM maps and copies that structure in the kernel, a middling exit; fewer\n"
		"nested vCPUs for each CPU mean fewer switches.",
	},
	[VMX_VMPTRST] = {
		"A hypervisor inside this guest asked which control structure is selected.",
		"KVM writes an address to the guest's memory, a short pass, and\n"
		"hypervisors hardly ever ask.",
	},
	[VMX_VMREAD] = {
		"A hypervisor inside this guest read a field of its own guest's control\n"
		"structure that no shadow in hardware holds.",
		"It is a short pass through KVM, but there are many for each nested exit;\n"
		"VMCS shadowing on the host (kvm_intel.enable_shadow_vmcs) removes most.",
	},
	[VMX_VMRESUME] = {
		"A hypervisor inside this guest entered its own guest again.",
		"KVM checks and merges two sets of controls each time, one of the most\n"
		"expensive things that it does; what reduces the nested guest's exits\n"
		"reduces these one for one.",
	},
	[VMX_VMWRITE] = {
		"A hypervisor inside this guest wrote a field of its own guest's control\n"
		"structure that no shadow in hardware holds.",
		"It is a short pass through KVM, but there are many for each nested exit;\n"
		"VMCS shadowing on the host (kvm_intel.enable_shadow_vmcs) removes most.",
	},
	[VMX_VMOFF] = {
		"A hypervisor inside this guest switched VMX off.",
		"KVM tears down what it kept for nested guests; it comes once for each CPU\n"
		"as the hypervisor unloads, and needs no reducing.",
	},
	[VMX_VMON] = {
		"A hypervisor inside this guest switched VMX on.",
		"KVM allocates what nested guests need, which is expensive but comes once\n"
		"for each CPU; a hypervisor that stays loaded does not repeat it.",
	},
	[VMX_CR_ACCESS] = {
		"The guest wrote or read a control register in a way that KVM must see:\n"
		"bits of CR0 or CR4 that KVM keeps for itself, CR3 without EPT, or CR8\n"
		"without a shadow of the task priority.",
		"It is a pass through KVM, expensive if the paging mode changes; EPT with\n"
		"unrestricted guest on the host leaves only those that change CR0's paging\n"
		"or CR4's SMEP, SMAP, PCIDE, OSXSAVE or VMXE: few, and at boot.",
	},
	[VMX_DR_ACCESS] = {
		"The guest used a debug register, for a breakpoint or watchpoint in\n"
		"hardware, for the first time since KVM last took them away.",
		"KVM loads the registers and lets the guest have them until they are\n"
		"swapped out again, so one exit covers many uses; remove watchpoints that\n"
		"a debugger or perf left behind.",
	},
	[VMX_IO_INSTRUCTION] = {
		"The guest accessed an I/O port: a serial console, PCI configuration, a\n"
		"clock, a timer or a disk of the emulated PC.",
		"Most ports are emulated in the VMM, so it is among the most expensive\n"
		"exits, many times an exit that stays in KVM; log less to the serial\n"
		"console, use virtio devices, and a VMM with few old devices (QEMU: -M\n"
		"microvm, or q35 with -nodefaults).",
	},
	[VMX_MSR_READ] = {
		"The guest read a model-specific register that it does not own in\n"
		"hardware.",
		"KVM looks the value up in the kernel, some are asked from the VMM; find\n"
		"the reader (turbostat, a monitoring agent or a driver that polls) and\n"
		"have it read less often.",
	},
	[VMX_MSR_WRITE] = {
		"The guest wrote a model-specific register that it does not own in\n"
		"hardware: most often it set its timer (TSC deadline) or sent an interrupt\n"
		"to another vCPU (x2APIC).",
		"Those two take KVM's fast path, others a full pass; fewer timers and\n"
		"wake-ups in the guest (tickless, longer timer slack, fewer threads that\n"
		"wake each other) and IPI virtualisation on the host reduce it.",
	},
	[VMX_INVALID_STATE] = {
		"The processor refused to enter the guest, because the guest's state that\n"
		"KVM loaded contradicts itself.",
		"It is a failed entry that ends in an error from the VMM, so it is no\n"
		"matter of cost; report it as a bug of KVM or of the VMM.",
	},
	[VMX_MSR_LOAD_FAIL] = {
		"The processor refused to enter the guest, because a model-specific\n"
		"register could not be loaded with the value in the list.",
		"It is a failed entry that ends in an error from the VMM, so it is no\n"
		"matter of cost; report it as a bug of KVM or of the VMM.",
	},
	[VMX_MWAIT_INSTRUCTION] = {
		"The guest executed MWAIT while KVM intercepts it.",
		"KVM lets it pass as if nothing had been waited for, so an idle loop built\n"
		"on it burns the CPU with exits; idle with HLT, or have the VMM give MWAIT\n"
		"to the guest (QEMU: -overcommit cpu-pm=on).",
	},
	[VMX_MONITOR_TRAP_FLAG] = {
		"The guest was being run for a single instruction, on behalf of a nested\n"
		"hypervisor or of KVM itself.",
		"It costs an exit for each instruction that is stepped, so end the\n"
		"stepping, which is a debugger's or an introspection tool's.",
	},
	[VMX_MONITOR_INSTRUCTION] = {
		"The guest executed MONITOR while KVM intercepts it.",
		"KVM treats it as a no-op in a short pass; see MWAIT_INSTRUCTION, which\n"
		"follows it, for what to do.",
	},
	[VMX_PAUSE_INSTRUCTION] = {
		"A vCPU has spun in a loop of PAUSE for longer than a lock is usually\n"
		"held, so whoever holds the lock is probably not running.",
		"KVM looks for another vCPU to run instead, which grows with their number;\n"
		"give the VM no more vCPUs than CPUs are free, use paravirtual spinlocks,\n"
		"or on a host with a CPU for each vCPU set kvm_intel.ple_gap=0.",
	},
	[VMX_MCE_DURING_VMENTRY] = {
		"The hardware reported a machine check while the guest was being entered.",
		"The host handles it as an error of its hardware, so it is no matter of\n"
		"cost; read the host's kernel log and replace what fails.",
	},
	[VMX_TPR_BELOW_THRESHOLD] = {
		"The guest lowered its task priority so far that an interrupt which had to\n"
		"wait can be delivered now.",
		"It is a short pass through KVM, seen with guests that use the task\n"
		"priority a lot (Windows); virtual interrupt delivery (APICv) on the host\n"
		"does away with it.",
	},
	[VMX_APIC_ACCESS] = {
		"The guest accessed a register of its interrupt controller through the\n"
		"APIC's page in memory, and the hardware could not emulate that alone.",
		"KVM decodes and emulates the instruction, more expensive than a register\n"
		"write by MSR; let the guest use x2APIC, and the host APICv.",
	},
	[VMX_EOI_INDUCED] = {
		"The guest finished an interrupt whose end KVM has to know of, because its\n"
		"line may still be raised: those of the emulated I/O APIC.",
		"It is a short pass through KVM, or one to the VMM with a split interrupt\n"
		"controller; devices with MSI or MSI-X, such as virtio-pci, have no such\n"
		"interrupts.",
	},
	[VMX_GDTR_IDTR] = {
		"The guest loaded or stored the address of its descriptor tables while KVM\n"
		"emulates UMIP, which keeps programs from storing it.",
		"KVM emulates the instruction in the kernel; it is rare but for programs\n"
		"that use SGDT or SIDT, and a processor that has UMIP needs none.",
	},
	[VMX_LDTR_TR] = {
		"The guest loaded or stored its LDT or task register while KVM emulates\n"
		"UMIP, which keeps programs from storing it.",
		"KVM emulates the instruction in the kernel; it is rare but for programs\n"
		"that use SLDT or STR, and a processor that has UMIP needs none.",
	},
	[VMX_EPT_VIOLATION] = {
		"The guest touched memory that the host has not mapped for it (yet), or\n"
		"wrote to a page that the host write-protected, to follow changes during a\n"
		"migration for example.",
		"KVM finds, and the host often allocates and clears, a page, so it is\n"
		"expensive but comes once a page; back the VM with huge pages, allocate\n"
		"its memory at the start, and avoid ballooning, page merging and swap on\n"
		"the host.",
	},
	[VMX_EPT_MISCONFIG] = {
		"The guest accessed a register of an emulated device in memory, which KVM\n"
		"marks so as to know it at once.",
		"KVM decodes the instruction and mostly has to ask the VMM, so it is\n"
		"expensive, while a virtio notification that ends in the kernel\n"
		"(ioeventfd, vhost) is cheap; use virtio or passed-through devices and let\n"
		"them batch their notifications.",
	},
	[VMX_INVEPT] = {
		"A hypervisor inside this guest flushed the translations of its own\n"
		"guests' memory.",
		"KVM drops its merged page tables, which then have to be filled again by\n"
		"EPT violations; huge pages and less memory pressure in the nested\n"
		"hypervisor help.",
	},
	[VMX_RDTSCP] = {
		"The guest executed RDTSCP while reading the time-stamp counter was\n"
		"intercepted, which KVM does only where a nested hypervisor asks for it.",
		"It is a pass through KVM, or through both hypervisors; configure the\n"
		"nested hypervisor to let its guests read the TSC.",
	},
	[VMX_PREEMPTION_TIMER] = {
		"The guest's timer ran out: KVM lets the processor's preemption timer\n"
		"stand in for it while the guest runs.",
		"KVM's fast path handles it, among the cheapest exits; fewer timers in the\n"
		"guest (tickless, a lower HZ, less polling with timeouts) mean fewer.",
	},
	[VMX_INVVPID] = {
		"A hypervisor inside this guest flushed address translations of its own\n"
		"guests.",
		"It is a pass through KVM and a refill of the TLB afterwards; fewer\n"
		"address-space flushes of the nested hypervisor mean fewer.",
	},
	[VMX_WBINVD] = {
		"The guest wrote all caches back to memory, as drivers of graphics cards\n"
		"and changes of memory types do.",
		"KVM skips it in a short pass, unless a device with non-coherent DMA was\n"
		"given to the VM: then caches of whole CPUs are flushed, very expensive;\n"
		"use drivers that flush by line.",
	},
	[VMX_XSETBV] = {
		"The guest chose which register sets (x87, SSE, AVX, ...) it uses, by\n"
		"writing XCR0.",
		"It is a short pass through KVM that comes once for each vCPU at boot and\n"
		"needs no reducing.",
	},
	[VMX_APIC_WRITE] = {
		"The guest wrote a register of its interrupt controller that APICv stores\n"
		"by itself but KVM has to act on, such as the one that sends interrupts to\n"
		"other vCPUs.",
		"It is a pass through KVM; IPI virtualisation (newer processors) takes\n"
		"most of them away, and so do fewer wake-ups across vCPUs.",
	},
	[VMX_RDRAND] = {
		"The guest executed RDRAND although the VM's CPU model hides it.",
		"KVM answers with an undefined-opcode fault; programs should look at CPUID\n"
		"first, or the VMM should give the guest the feature, after which there\n"
		"are no exits.",
	},
	[VMX_INVPCID] = {
		"The guest flushed address translations by process context while the host\n"
		"has no EPT.",
		"KVM brings its shadow page tables up to date, which is expensive; with\n"
		"EPT there are no exits, and a CPU model that hides INVPCID makes it an\n"
		"undefined opcode, which is counted under EXCEPTION_NMI.",
	},
	[VMX_VMFUNC] = {
		"The guest executed VMFUNC: a nested guest switches its memory view, or a\n"
		"program tries what the VM does not have.",
		"KVM emulates the switch in the kernel, a middling exit, or answers with a\n"
		"fault; switch views less often in nested guests.",
	},
	[VMX_ENCLS] = {
		"The guest's kernel executed an SGX instruction that KVM has to check, as\n"
		"when an enclave is created or started.",
		"KVM checks it and runs it for the guest; start fewer enclaves, and keep\n"
		"those that you have.",
	},
	[VMX_RDSEED] = {
		"The guest executed RDSEED although the VM's CPU model hides it.",
		"KVM answers with an undefined-opcode fault; programs should look at CPUID\n"
		"first, or the VMM should give the guest the feature, after which there\n"
		"are no exits.",
	},
	[VMX_PML_FULL] = {
		"The processor's log of written pages (512 entries) is full; the host\n"
		"follows which memory the guest writes, mostly to migrate it.",
		"KVM empties the log in the kernel, cheaper than a fault for each page; it\n"
		"ends with the migration, and comes less if the guest writes to fewer\n"
		"pages.",
	},
	[VMX_XSAVES] = {
		"The guest saved supervisor register state that is set to exit, which KVM\n"
		"does not ask for.",
		"Expect none; with a nested hypervisor that asks for it, each save of a\n"
		"task's state costs a pass through both hypervisors.",
	},
	[VMX_XRSTORS] = {
		"The guest restored supervisor register state that is set to exit, which\n"
		"KVM does not ask for.",
		"Expect none; with a nested hypervisor that asks for it, each restore of a\n"
		"task's state costs a pass through both hypervisors.",
	},
	[VMX_PCONFIG] = {
		"The guest executed PCONFIG, which programs keys of memory encryption and\n"
		"which KVM does not offer to guests.",
		"It is an error of the guest's software and ends in a fault at best;\n"
		"nothing needs to be reduced.",
	},
	[VMX_SPP_EVENT] = {
		"The processor missed, or found broken, its table of write permissions for\n"
		"parts of a page, a feature that KVM does not use.",
		"Expect none; there is nothing to reduce.",
	},
	[VMX_UMWAIT] = {
		"A program waited with UMWAIT while reads of the time-stamp counter are\n"
		"intercepted, which a nested hypervisor may ask for.",
		"For an ordinary guest the hardware waits without exit, so expect none;\n"
		"else have the nested hypervisor let its guests read the TSC.",
	},
	[VMX_TPAUSE] = {
		"A program waited with TPAUSE while reads of the time-stamp counter are\n"
		"intercepted, which a nested hypervisor may ask for.",
		"For an ordinary guest the hardware waits without exit, so expect none;\n"
		"else have the nested hypervisor let its guests read the TSC.",
	},
	[VMX_LOADIWKEY] = {
		"The guest loaded the wrapping key of Key Locker, which KVM does not offer\n"
		"to guests.",
		"Expect none; a program that tries gets a fault.",
	},
	[VMX_ENCLV] = {
		"The guest executed an SGX instruction of those that help hypervisors to\n"
		"oversubscribe enclave memory, which KVM does not offer.",
		"Expect none; a program that tries gets a fault.",
	},
	[VMX_ENQCMD_PASID] = {
		"A program queued work to a device with ENQCMD, and its address-space\n"
		"number could not be translated.",
		"KVM does not use that translation, so expect none; there is nothing to\n"
		"reduce.",
	},
	[VMX_ENQCMDS_PASID] = {
		"The kernel queued work to a device with ENQCMDS, and the address-space\n"
		"number could not be translated.",
		"KVM does not use that translation, so expect none; there is nothing to\n"
		"reduce.",
	},
	[VMX_BUS_LOCK] = {
		"A program locked the whole memory bus, by an atomic operation that\n"
		"crosses a cache line or goes to uncached memory, and the VMM asked to be\n"
		"told.",
		"Each goes to the VMM, which may slow the guest down on purpose, and the\n"
		"lock itself stalls every CPU of the host; align the variable (boot the\n"
		"guest with split_lock_detect=warn to find the program).",
	},
	[VMX_NOTIFY] = {
		"The guest kept the processor busy inside one instruction or exception for\n"
		"so long that no interrupt could get in.",
		"KVM goes on or stops the VM, as the VMM has chosen; the code at fault is\n"
		"a bug or an attack, since no sound program does that.",
	},
	[VMX_SEAMCALL] = {
		"The guest called Intel's TDX module, which is for hosts alone.",
		"It is an error of the guest's software and ends in a fault at best;\n"
		"nothing needs to be reduced.",
	},
	[VMX_TDCALL] = {
		"Code executed TDCALL, by which guests under TDX ask for something, in a\n"
		"guest that is none.",
		"It is an error of the guest's software and ends in a fault at best;\n"
		"nothing needs to be reduced.",
	},
	[VMX_RDMSRLIST] = {
		"The guest read a list of model-specific registers at once, of which some\n"
		"are not its own.",
		"KVM does not offer this instruction yet, so expect none; where it is\n"
		"offered, see MSR_READ.",
	},
	[VMX_WRMSRLIST] = {
		"The guest wrote a list of model-specific registers at once, of which some\n"
		"are not its own.",
		"KVM does not offer this instruction yet, so expect none; where it is\n"
		"offered, see MSR_WRITE.",
	},
	[VMX_URDMSR] = {
		"A program read a model-specific register with the instruction for user\n"
		"mode.",
		"KVM does not offer this instruction yet, so expect none; where it is\n"
		"offered, see MSR_READ.",
	},
	[VMX_UWRMSR] = {
		"A program wrote a model-specific register with the instruction for user\n"
		"mode, as to send an interrupt to another program.",
		"KVM does not offer this instruction yet, so expect none; where it is\n"
		"offered, see MSR_WRITE.",
	},
	[VMX_MSR_READ_IMM] = {
		"The guest read a model-specific register whose number is part of the\n"
		"instruction.",
		"It costs what MSR_READ costs, and the same helps; processors and kernels\n"
		"that have it are new.",
	},
	[VMX_MSR_WRITE_IMM] = {
		"The guest wrote a model-specific register whose number is part of the\n"
		"instruction.",
		"It costs what MSR_WRITE costs, and the same helps; processors and kernels\n"
		"that have it are new.",
	},
};

/* --- AMD ------------------------------------------------------------------ */

/* What several registers or vectors have in common. */
#define DR_COST \
	"KVM loads the registers and lets the guest have them until they are\n" \
	"swapped out again, so one exit covers many uses; remove watchpoints that\n" \
	"a debugger or perf left behind."
#define READ_DR(n) \
	{ "The guest read debug register " #n " for the first time since KVM last took\n" \
	  "the debug registers away from it.", DR_COST }
#define WRITE_DR(n) \
	{ "The guest wrote debug register " #n ", to set or clear a breakpoint, for the\n" \
	  "first time since KVM last took the debug registers away from it.", DR_COST }

#define NOT_ASKED \
	"KVM does not ask for this exit, so expect none, unless a nested\n" \
	"hypervisor does; then its own settings are where to look."

/* An exception that KVM leaves to the guest */
#define EXCEPTION(text) { "The guest raised " text ".", NOT_ASKED }
#define RESERVED_VECTOR(n) \
	{ "The guest raised an exception with vector " #n ", which AMD has not given\n" \
	  "a meaning.", NOT_ASKED }

#define CR_TRAP_NONE(n) \
	{ "The guest wrote CR" #n ", and the exit came after the write, as for guests\n" \
	  "with encrypted registers (SEV-ES).", \
	  "KVM does not ask for this exit, so expect none; there is nothing to\n" \
	  "reduce." }
#define CR_TRAP(n) \
	{ "The guest wrote CR" #n " while its registers are encrypted (SEV-ES), so that\n" \
	  "KVM is told after the write.", \
	  "It is a short pass through KVM that comes at boot and when the\n" \
	  "processor's mode changes; there is little to reduce." }

#define DESCRIPTOR_COST \
	"KVM does not ask for this exit, so expect none, unless a nested\n" \
	"hypervisor that watches the descriptor tables does."

#define NOT_OFFERED \
	"KVM does not offer this instruction to guests of the kernels supported\n" \
	"here, so expect none; a program that tries gets a fault."

static const struct explanation svm[] = {
	[SVM_OTHER] = {
		OTHER_CAUSE,
		OTHER_COST,
	},
	[SVM_READ_CR0] = {
		"The guest read CR0 while KVM keeps it different from what the guest\n"
		"believes, as with caching switched off or without nested paging.",
		"It is a short pass through KVM; after boot, with nested paging on the\n"
		"host, there should be hardly any.",
	},
	[SVM_READ_CR2] = {
		"The guest read CR2, the address of its last page fault.",
		NOT_ASKED,
	},
	[SVM_READ_CR3] = {
		"The guest read CR3, the root of its page tables, while the host runs it\n"
		"without nested paging.",
		"It is a short pass through KVM on the way of each context switch; with\n"
		"nested paging on the host (kvm_amd.npt=1) there are none.",
	},
	[SVM_READ_CR4] = {
		"The guest read CR4, in which KVM keeps bits of its own.",
		"It is a short pass through KVM; systems that read CR4 to flush the TLB do\n"
		"so less with PCID and INVPCID in the VM's CPU model.",
	},
	[SVM_READ_CR8] = {
		"The guest read its task priority through CR8, which the hardware does\n"
		"without exit for KVM.",
		NOT_ASKED,
	},
	[SVM_WRITE_CR0] = {
		"The guest wrote CR0 while KVM keeps it different from what the guest\n"
		"believes, as with caching switched off or without nested paging.",
		"It is a pass through KVM, expensive if paging goes on or off; after boot,\n"
		"with nested paging on the host, there should be hardly any.",
	},
	[SVM_WRITE_CR2] = {
		"The guest wrote CR2, the address of its last page fault.",
		NOT_ASKED,
	},
	[SVM_WRITE_CR3] = {
		"The guest switched to other page tables while the host runs it without\n"
		"nested paging.",
		"KVM has to find or build the shadow of these tables, expensive and once\n"
		"for each context switch; with nested paging on the host (kvm_amd.npt=1)\n"
		"there are none.",
	},
	[SVM_WRITE_CR4] = {
		"The guest wrote CR4, to switch a feature of the processor or, toggling\n"
		"global pages, to flush its TLB.",
		"It is a pass through KVM, expensive if the paging mode changes; give the\n"
		"guest PCID and INVPCID, with which it has a better way to flush.",
	},
	[SVM_WRITE_CR8] = {
		"The guest changed its task priority while an interrupt waits for that, or\n"
		"while KVM emulates the interrupt controller all by itself.",
		"It is a short pass through KVM, seen with guests that use the task\n"
		"priority a lot (Windows); AVIC on the host (kvm_amd.avic=1) does away\n"
		"with it.",
	},
	[SVM_READ_DR0] = READ_DR(0),
	[SVM_READ_DR1] = READ_DR(1),
	[SVM_READ_DR2] = READ_DR(2),
	[SVM_READ_DR3] = READ_DR(3),
	[SVM_READ_DR4] = READ_DR(4),
	[SVM_READ_DR5] = READ_DR(5),
	[SVM_READ_DR6] = READ_DR(6),
	[SVM_READ_DR7] = READ_DR(7),
	[SVM_WRITE_DR0] = WRITE_DR(0),
	[SVM_WRITE_DR1] = WRITE_DR(1),
	[SVM_WRITE_DR2] = WRITE_DR(2),
	[SVM_WRITE_DR3] = WRITE_DR(3),
	[SVM_WRITE_DR4] = WRITE_DR(4),
	[SVM_WRITE_DR5] = WRITE_DR(5),
	[SVM_WRITE_DR6] = WRITE_DR(6),
	[SVM_WRITE_DR7] = WRITE_DR(7),
	[SVM_EXCP_DE] = EXCEPTION("a division error, as for a division by zero"),
	[SVM_EXCP_DB] = {
		"The guest hit a debug trap: a step, a breakpoint or a watchpoint in\n"
		"hardware, all of which KVM intercepts.",
		"KVM looks whose trap it is and hands the guest its own, a pass through\n"
		"KVM for each step; end single steps, and detach a debugger that sits\n"
		"outside of the VM, since that one costs a way to the VMM.",
	},
	[SVM_EXCP_VECTOR2] = {
		"The guest raised an exception with vector 2, the vector of NMIs, which\n"
		"exit as NMI instead.",
		"Expect none; there is nothing to reduce.",
	},
	[SVM_EXCP_BP] = {
		"The guest executed INT3 while a debugger is attached to the VM from\n"
		"outside.",
		"It goes to the VMM and its debugger, among the most expensive exits;\n"
		"without a debugger attached there are none.",
	},
	[SVM_EXCP_OF] = EXCEPTION("an overflow exception, by INTO"),
	[SVM_EXCP_BR] = EXCEPTION("a bound-range exception, by BOUND"),
	[SVM_EXCP_UD] = {
		"The guest executed an opcode that the processor does not know or the VM\n"
		"does not offer.",
		"KVM looks whether it is one that it emulates, such as the other vendor's\n"
		"hypercall, before the guest gets its fault; programs that probe for\n"
		"features should ask CPUID instead.",
	},
	[SVM_EXCP_NM] = EXCEPTION("a device-not-available exception, by use of the FPU"),
	[SVM_EXCP_DF] = EXCEPTION("a double fault"),
	[SVM_EXCP_VECTOR9] = EXCEPTION("a coprocessor-segment-overrun exception, a relic"),
	[SVM_EXCP_TS] = EXCEPTION("an invalid-TSS exception"),
	[SVM_EXCP_NP] = EXCEPTION("a segment-not-present exception"),
	[SVM_EXCP_SS] = EXCEPTION("a stack exception"),
	[SVM_EXCP_GP] = {
		"The guest raised a general-protection fault while KVM looks at them,\n"
		"because of VMware's backdoor port or an erratum of the processor.",
		"KVM decodes the instruction before the guest gets its fault; switch the\n"
		"backdoor off on the host (kvm.enable_vmware_backdoor=0).",
	},
	[SVM_EXCP_PF] = {
		"The guest raised a page fault while the host runs it without nested\n"
		"paging.",
		"KVM walks the guest's page tables and fills its shadow of them, expensive\n"
		"and frequent; with nested paging on the host (kvm_amd.npt=1) these are\n"
		"gone.",
	},
	[SVM_EXCP_VECTOR15] = RESERVED_VECTOR(15),
	[SVM_EXCP_MF] = EXCEPTION("an x87 floating-point exception"),
	[SVM_EXCP_AC] = {
		"A program made a misaligned access while it had alignment checks on.",
		"KVM hands the exception back to the guest, a short pass; align the data\n"
		"that the program uses.",
	},
	[SVM_EXCP_MC] = {
		"The hardware reported a machine check while the guest ran.",
		"The host handles it as an error of its hardware, so it is no matter of\n"
		"cost; read the host's kernel log and replace what fails.",
	},
	[SVM_EXCP_XF] = EXCEPTION("an SSE floating-point exception"),
	[SVM_EXCP_VECTOR20] = RESERVED_VECTOR(20),
	[SVM_EXCP_CP] = EXCEPTION("a control-protection exception, by a broken shadow stack"),
	[SVM_EXCP_VECTOR22] = RESERVED_VECTOR(22),
	[SVM_EXCP_VECTOR23] = RESERVED_VECTOR(23),
	[SVM_EXCP_VECTOR24] = RESERVED_VECTOR(24),
	[SVM_EXCP_VECTOR25] = RESERVED_VECTOR(25),
	[SVM_EXCP_VECTOR26] = RESERVED_VECTOR(26),
	[SVM_EXCP_VECTOR27] = RESERVED_VECTOR(27),
	[SVM_EXCP_HV] = EXCEPTION("a hypervisor-injection exception (SEV-SNP)"),
	[SVM_EXCP_VC] = EXCEPTION("a VMM-communication exception (SEV-ES)"),
	[SVM_EXCP_SX] = EXCEPTION("a security exception, by a redirected INIT"),
	[SVM_EXCP_VECTOR31] = RESERVED_VECTOR(31),
	[SVM_INTR] = {
		"A hardware interrupt for the host came in while the guest ran: the host's\n"
		"timer tick, one of its devices, or another CPU that wants this one's\n"
		"attention; the guest's own timer is one of them.",
		"The exit itself is among the cheap ones, plus the host's own handler;\n"
		"steer device interrupts and ticks away from the vCPUs' CPUs\n"
		"(irqaffinity=, nohz_full=), set fewer timers in the guest, and use AVIC\n"
		"for devices given to it.",
	},
	[SVM_NMI] = {
		"An NMI for the host came in while the guest ran, from its watchdog or\n"
		"profiler.",
		"The exit is short, plus the host's handler; it ends with the profiling,\n"
		"or with nmi_watchdog=0 on the host.",
	},
	[SVM_SMI] = {
		"A system management interrupt for the host's firmware came in while the\n"
		"guest ran.",
		"The firmware may keep all CPUs for long, far above any other exit; only\n"
		"the host's firmware settings, such as legacy USB emulation, help.",
	},
	[SVM_INIT] = {
		"An INIT signal reached the physical CPU while it ran the guest, as when\n"
		"the host restarts or takes the CPU down.",
		"KVM does not ask for this exit: expect none, and take one as an error of\n"
		"the host.",
	},
	[SVM_VINTR] = {
		"KVM had an interrupt for the guest while the guest had interrupts off,\n"
		"and asked for an exit at the moment it switches them on.",
		"It is one short pass through KVM for such an interrupt; AVIC on the host\n"
		"(kvm_amd.avic=1) does away with it, and so do shorter stretches with\n"
		"interrupts off in the guest.",
	},
	[SVM_CR0_SEL_WRITE] = {
		"The guest changed a bit of CR0 other than the two that belong to task\n"
		"switching and the FPU: paging, caching, write protection.",
		"It is a pass through KVM, expensive if paging goes on or off; it belongs\n"
		"to boot and to code that lifts write protection to patch itself, and\n"
		"there is little to reduce.",
	},
	[SVM_IDTR_READ] = {
		"The guest stored the address of its interrupt table (SIDT).",
		DESCRIPTOR_COST,
	},
	[SVM_GDTR_READ] = {
		"The guest stored the address of its global descriptor table (SGDT).",
		DESCRIPTOR_COST,
	},
	[SVM_LDTR_READ] = {
		"The guest stored the selector of its local descriptor table (SLDT).",
		DESCRIPTOR_COST,
	},
	[SVM_TR_READ] = {
		"The guest stored the selector of its task register (STR).",
		DESCRIPTOR_COST,
	},
	[SVM_IDTR_WRITE] = {
		"The guest loaded the address of its interrupt table (LIDT).",
		DESCRIPTOR_COST,
	},
	[SVM_GDTR_WRITE] = {
		"The guest loaded the address of its global descriptor table (LGDT).",
		DESCRIPTOR_COST,
	},
	[SVM_LDTR_WRITE] = {
		"The guest loaded its local descriptor table (LLDT).",
		DESCRIPTOR_COST,
	},
	[SVM_TR_WRITE] = {
		"The guest loaded its task register (LTR).",
		DESCRIPTOR_COST,
	},
	[SVM_RDTSC] = {
		"The guest read the time-stamp counter while reading it was intercepted,\n"
		"which KVM does only where a nested hypervisor asks for it.",
		"It is a pass through KVM, or through both hypervisors; configure the\n"
		"nested hypervisor to let its guests read the TSC.",
	},
	[SVM_RDPMC] = {
		"A program or the kernel read a performance counter with RDPMC, and KVM\n"
		"emulates the guest's counters.",
		"KVM asks the host's perf for the value, so it costs far more than on bare\n"
		"metal; read counters less often, or sample instead of reading around each\n"
		"piece of code.",
	},
	[SVM_PUSHF] = {
		"The guest put its flags on the stack (PUSHF).",
		NOT_ASKED,
	},
	[SVM_POPF] = {
		"The guest took its flags from the stack (POPF).",
		NOT_ASKED,
	},
	[SVM_CPUID] = {
		"A program or the kernel executed CPUID, which KVM always intercepts; each\n"
		"question that this tool asks is one, too.",
		"KVM answers from a table in the kernel, one of the plainest exits there\n"
		"is; programs should ask once and remember, and not use CPUID to serialise\n"
		"or to time code, and you can read statistics less often.",
	},
	[SVM_RSM] = {
		"The guest's firmware returned from system management mode.",
		"KVM restores the whole state of the processor from memory, which is\n"
		"expensive; fewer SMIs mean fewer, so let the system use no firmware\n"
		"services such as variable writes in a loop.",
	},
	[SVM_IRET] = {
		"The guest returned from an NMI handler while KVM had another NMI to\n"
		"deliver.",
		"It is a short pass through KVM, then one step of the guest; the guest's\n"
		"NMI watchdog and perf sampling make NMIs, so nmi_watchdog=0 or a lower\n"
		"sampling rate helps.",
	},
	[SVM_SWINT] = {
		"The guest made a software interrupt (INT n).",
		NOT_ASKED,
	},
	[SVM_INVD] = {
		"The guest executed INVD, which discards caches and is for firmware alone.",
		"KVM skips the instruction, a short pass, and after the firmware has run\n"
		"there should be no more.",
	},
	[SVM_PAUSE] = {
		"A vCPU has executed so many PAUSE instructions close together that it\n"
		"seems to wait for a lock whose holder is not running.",
		"KVM looks for another vCPU to run instead, which grows with their number;\n"
		"give the VM no more vCPUs than CPUs are free, use paravirtual spinlocks,\n"
		"or on a host with a CPU for each vCPU switch the pause filter off\n"
		"(kvm_amd.pause_filter_count=0).",
	},
	[SVM_HLT] = {
		"A vCPU had nothing to run and halted.",
		"The exit is work for KVM in the kernel, more so if the vCPU's thread has\n"
		"to be put to sleep and woken (the sleep itself is booked as idle, not as\n"
		"cost); batch small wake-ups, poll before halting (cpuidle-haltpoll in the\n"
		"guest, halt_poll_ns on the host), or let vCPUs with a CPU of their own\n"
		"halt without exit (QEMU: -overcommit cpu-pm=on).",
	},
	[SVM_INVLPG] = {
		"The guest flushed the translation of one page while the host runs it on\n"
		"shadow page tables, without nested paging.",
		"KVM has to bring its shadow of that page up to date, which is expensive\n"
		"and comes often; with nested paging on the host (kvm_amd.npt=1) there are\n"
		"none.",
	},
	[SVM_INVLPGA] = {
		"A hypervisor inside this guest flushed one page's translation of its own\n"
		"guest.",
		"It is a pass through KVM; nested paging in the nested hypervisor leaves\n"
		"hardly any.",
	},
	[SVM_IOIO] = {
		"The guest accessed an I/O port: a serial console, PCI configuration, a\n"
		"clock, a timer or a disk of the emulated PC.",
		"Most ports are emulated in the VMM, so it is among the most expensive\n"
		"exits, many times an exit that stays in KVM; log less to the serial\n"
		"console, use virtio devices, and a VMM with few old devices (QEMU: -M\n"
		"microvm, or q35 with -nodefaults).",
	},
	[SVM_MSR] = {
		"The guest read or wrote a model-specific register that it does not own in\n"
		"hardware: most often it set its timer (TSC deadline) or sent an interrupt\n"
		"to another vCPU (x2APIC).",
		"Most are a full pass through KVM, an interrupt to another vCPU may take\n"
		"its fast path; fewer timers and wake-ups in the guest (tickless, longer\n"
		"timer slack, fewer threads that wake each other) and AVIC on the host\n"
		"reduce it.",
	},
	[SVM_TASK_SWITCH] = {
		"The guest switched tasks in hardware, through a task gate or a TSS, which\n"
		"only old 32-bit systems do.",
		"KVM does the whole switch in software, many memory accesses, so it is\n"
		"expensive; a 64-bit guest has none.",
	},
	[SVM_FERR_FREEZE] = {
		"The guest's x87 unit waits with an error that is reported the old way, by\n"
		"an interrupt line.",
		NOT_ASKED,
	},
	[SVM_SHUTDOWN] = {
		"The guest met a fault while it was delivering a double fault, by a bug or\n"
		"on purpose, since that is the last resort to reset a PC.",
		"It ends in the VMM, which resets or stops the VM, so it occurs once at\n"
		"most; if you did not reboot, read the guest's last console lines.",
	},
	[SVM_VMRUN] = {
		"A hypervisor inside this guest entered its own guest.",
		"KVM checks and merges two sets of controls each time, one of the most\n"
		"expensive things that it does; what reduces the nested guest's exits\n"
		"reduces these one for one.",
	},
	[SVM_VMMCALL] = {
		"The guest's kernel called KVM, for instance to wake or kick another vCPU,\n"
		"to send interrupts to several at once, or to share memory.",
		"It is a short pass through KVM that usually saves more expensive exits;\n"
		"if there are too many, look at what wakes vCPUs so often, such as locks\n"
		"that many of them want.",
	},
	[SVM_VMLOAD] = {
		"A hypervisor inside this guest loaded the rest of its own guest's, or of\n"
		"its own, registers.",
		"It is a pass through KVM that comes with each nested entry or exit;\n"
		"virtual VMLOAD and VMSAVE on the host (kvm_amd.vls=1) take it away.",
	},
	[SVM_VMSAVE] = {
		"A hypervisor inside this guest saved the rest of its own guest's, or of\n"
		"its own, registers.",
		"It is a pass through KVM that comes with each nested entry or exit;\n"
		"virtual VMLOAD and VMSAVE on the host (kvm_amd.vls=1) take it away.",
	},
	[SVM_STGI] = {
		"A hypervisor inside this guest allowed interrupts again after its own\n"
		"guest's exit.",
		"It is a pass through KVM that comes with each nested exit; a virtual\n"
		"interrupt flag on the host (kvm_amd.vgif=1) takes most of them away.",
	},
	[SVM_CLGI] = {
		"A hypervisor inside this guest shut out all interrupts before it enters\n"
		"its own guest.",
		"It is a pass through KVM that comes with each nested entry; a virtual\n"
		"interrupt flag on the host (kvm_amd.vgif=1) takes most of them away.",
	},
	[SVM_SKINIT] = {
		"The guest executed SKINIT, which starts a measured environment and which\n"
		"KVM does not offer.",
		"KVM answers with an undefined-opcode fault; nothing needs to be reduced.",
	},
	[SVM_RDTSCP] = {
		"The guest executed RDTSCP although the VM's CPU model hides it.",
		"KVM answers with an undefined-opcode fault; programs should look at CPUID\n"
		"first, or the VMM should give the guest the feature, after which there\n"
		"are no exits.",
	},
	[SVM_ICEBP] = {
		"The guest executed INT1, a breakpoint for in-circuit debuggers.",
		NOT_ASKED,
	},
	[SVM_WBINVD] = {
		"The guest wrote all caches back to memory, as drivers of graphics cards\n"
		"and changes of memory types do.",
		"KVM skips it in a short pass, unless a device with non-coherent DMA was\n"
		"given to the VM: then caches of whole CPUs are flushed, very expensive;\n"
		"use drivers that flush by line.",
	},
	[SVM_MONITOR] = {
		"The guest executed MONITOR while KVM intercepts it.",
		"KVM treats it as a no-op in a short pass; see MWAIT, which follows it,\n"
		"for what to do.",
	},
	[SVM_MWAIT] = {
		"The guest executed MWAIT while KVM intercepts it.",
		"KVM lets it pass as if nothing had been waited for, so an idle loop built\n"
		"on it burns the CPU with exits; idle with HLT, or have the VMM give MWAIT\n"
		"to the guest (QEMU: -overcommit cpu-pm=on).",
	},
	[SVM_MWAIT_COND] = {
		"The guest executed MWAIT while a monitored address is armed, which can be\n"
		"intercepted apart from the rest.",
		NOT_ASKED,
	},
	[SVM_XSETBV] = {
		"The guest chose which register sets (x87, SSE, AVX, ...) it uses, by\n"
		"writing XCR0.",
		"It is a short pass through KVM that comes once for each vCPU at boot and\n"
		"needs no reducing.",
	},
	[SVM_RDPRU] = {
		"A program read a processor register with RDPRU, which KVM does not offer.",
		"KVM answers with an undefined-opcode fault; programs should look at CPUID\n"
		"first.",
	},
	[SVM_EFER_WRITE_TRAP] = {
		"The guest wrote EFER while its registers are encrypted (SEV-ES), so that\n"
		"KVM is told after the write.",
		"It is a short pass through KVM that comes at boot; there is little to\n"
		"reduce.",
	},
	[SVM_CR0_WRITE_TRAP] = CR_TRAP(0),
	[SVM_CR1_WRITE_TRAP] = CR_TRAP_NONE(1),
	[SVM_CR2_WRITE_TRAP] = CR_TRAP_NONE(2),
	[SVM_CR3_WRITE_TRAP] = CR_TRAP_NONE(3),
	[SVM_CR4_WRITE_TRAP] = CR_TRAP(4),
	[SVM_CR5_WRITE_TRAP] = CR_TRAP_NONE(5),
	[SVM_CR6_WRITE_TRAP] = CR_TRAP_NONE(6),
	[SVM_CR7_WRITE_TRAP] = CR_TRAP_NONE(7),
	[SVM_CR8_WRITE_TRAP] = {
		"The guest changed its task priority through CR8 while its registers are\n"
		"encrypted (SEV-ES), so that KVM is told after the write.",
		"It is a short pass through KVM for each change; a guest that leaves the\n"
		"task priority alone, as Linux does, has none.",
	},
	[SVM_CR9_WRITE_TRAP] = CR_TRAP_NONE(9),
	[SVM_CR10_WRITE_TRAP] = CR_TRAP_NONE(10),
	[SVM_CR11_WRITE_TRAP] = CR_TRAP_NONE(11),
	[SVM_CR12_WRITE_TRAP] = CR_TRAP_NONE(12),
	[SVM_CR13_WRITE_TRAP] = CR_TRAP_NONE(13),
	[SVM_CR14_WRITE_TRAP] = CR_TRAP_NONE(14),
	[SVM_CR15_WRITE_TRAP] = CR_TRAP_NONE(15),
	[SVM_INVLPGB] = {
		"The guest asked for a TLB flush on all processors at once (INVLPGB).",
		NOT_OFFERED,
	},
	[SVM_INVLPGB_ILLEGAL] = {
		"The guest asked for a TLB flush on all processors with a reach that its\n"
		"host does not allow.",
		NOT_OFFERED,
	},
	[SVM_INVPCID] = {
		"The guest flushed address translations by process context while the host\n"
		"has no nested paging, or the VM's CPU model hides INVPCID.",
		"Without nested paging, KVM brings its shadow page tables up to date,\n"
		"which is expensive; with it and the feature given to the guest there are\n"
		"no exits.",
	},
	[SVM_MCOMMIT] = {
		"A program waited for its stores to reach persistent memory (MCOMMIT).",
		NOT_OFFERED,
	},
	[SVM_TLBSYNC] = {
		"The guest waited for its TLB flushes on other processors (TLBSYNC).",
		NOT_OFFERED,
	},
	[SVM_BUSLOCK] = {
		"A program locked the whole memory bus, by an atomic operation that\n"
		"crosses a cache line or goes to uncached memory, and had used up what the\n"
		"host allows.",
		"Each goes to the VMM, which may slow the guest down on purpose, and the\n"
		"lock itself stalls every CPU of the host; align the variable that the\n"
		"program locks.",
	},
	[SVM_IDLE_HLT] = {
		"A vCPU had nothing to run and no interrupt to take, and halted; with an\n"
		"interrupt pending the hardware does not exit.",
		"It costs what HLT costs, and the same helps, but the useless exits are\n"
		"gone already; processors and kernels that have it are new.",
	},
	[SVM_NPF] = {
		"The guest touched memory that the host has not mapped for it (yet), wrote\n"
		"to a page that the host write-protected, or accessed a register of an\n"
		"emulated device in memory.",
		"New memory costs a page found, cleared and mapped, once a page; device\n"
		"registers cost a decoded instruction and mostly a way to the VMM, each\n"
		"time; back the VM with huge pages allocated at the start, and use virtio\n"
		"or passed-through devices that notify in batches.",
	},
	[SVM_AVIC_INCOMPLETE_IPI] = {
		"A vCPU sent an interrupt that AVIC could not deliver by itself, mostly\n"
		"because the receiver is not running.",
		"KVM wakes the receiver, a pass through the kernel and often a sleep\n"
		"ended; fewer wake-ups across vCPUs and vCPUs that poll before they halt\n"
		"(halt_poll_ns) help.",
	},
	[SVM_AVIC_UNACCELERATED_ACCESS] = {
		"The guest used a register of its interrupt controller that AVIC does not\n"
		"handle, such as the timer's, or ended a level-triggered interrupt.",
		"KVM emulates the access in the kernel; let the guest use x2APIC with the\n"
		"TSC-deadline timer, and devices with MSI or MSI-X.",
	},
	[SVM_VMGEXIT] = {
		"A guest with encrypted registers (SEV-ES) asked its host for a service\n"
		"that another guest would get by an ordinary exit: I/O, MSRs, CPUID.",
		"It costs what that service costs, and the exchange through shared memory\n"
		"on top; virtio devices and less console output help most.",
	},
	[SVM_ERR] = {
		"The processor refused to enter the guest, because the state that KVM\n"
		"loaded contradicts itself.",
		"It is a failed entry that ends in an error from the VMM, so it is no\n"
		"matter of cost; report it as a bug of KVM or of the VMM.",
	},
	[SVM_BUSY] = {
		"The processor refused to enter an encrypted guest (SEV-SNP), because its\n"
		"register page is in use already.",
		"It is a failed entry, so it is no matter of cost; report it as a bug of\n"
		"KVM or of the VMM.",
	},
	[SVM_IDLE_REQUIRED] = {
		"The processor refused to enter a guest that wants its core for itself,\n"
		"because the core's other thread is not idle.",
		"KVM does not use this mode, so expect none; there is nothing to reduce.",
	},
	[SVM_INVALID_PMC] = {
		"The processor refused to enter the guest, because its virtual performance\n"
		"counters are not set up soundly.",
		"It is a failed entry, so it is no matter of cost; report it as a bug of\n"
		"KVM or of the VMM.",
	},
};

const struct explanation explanation_of_no_row = {
	"AMD's manual numbers accesses to this register, which no processor has.",
	"An access faults before it could exit, so this number counts nothing and\n"
	"has no row; there is nothing to reduce.",
};

static const struct {
	uint32_t code;
	const char *name;
} no_row[] = {
#define NO_ROW(code, name) { code, #name },
	KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW)
};

int explanation_no_row(uint32_t reasons, uint32_t code, const char **name)
{
	size_t i;

	if (reasons != KVM_EXIT_STATS_NS_SVM)
		return 0;
	for (i = 0; i < sizeof(no_row) / sizeof(no_row[0]); i++) {
		if (no_row[i].code == code) {
			*name = no_row[i].name;
			return 1;
		}
	}
	return 0;
}

const struct explanation *explanation(uint32_t reasons, uint32_t slot)
{
	const struct explanation *found = NULL;

	if (reasons == KVM_EXIT_STATS_NS_VMX && slot < NR_VMX)
		found = &vmx[slot];
	else if (reasons == KVM_EXIT_STATS_NS_SVM && slot < NR_SVM)
		found = &svm[slot];
	return found && found->cause && found->cost ? found : NULL;
}
