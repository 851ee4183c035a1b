# SPDX-License-Identifier: GPL-2.0-only
#
# KVM exit statistics.  Each target is built where its sources are.
include packaging/quiet.mk

.PHONY: help demo test unit tool-test web-test lab-test test-lab test-stress check \
	modules image tools lab clean fuzz deb install uninstall test-package \
	test-series series kernel bench bench-docs test-selftests test-debug stock-races

help:
	@echo 'Show and prove:'
	@echo '  demo      boot a host with our modules and a Linux guest that reads its exits'
	@echo '  test      all tests; ends in "N passed, N failed, N skipped"'
	@echo '  check     checkpatch, sparse, clang-format, cppcheck, shellcheck'
	@echo
	@echo 'Build, into build/:'
	@echo '  modules   kvm.ko, kvm-intel.ko and kvm-amd.ko for KERNEL'
	@echo '  tools     exitstat and the example, static'
	@echo '  deb       packages for Debian 12, into build/deb/'
	@echo
	@echo 'On a real host (docs/install.md):'
	@echo '  install   modules of the running kernel, the tools into $$(prefix), /usr/local'
	@echo '  uninstall the kernel'"'"'s own modules again'
	@echo
	@echo 'For a kernel tree (docs/kernel-trees.md):'
	@echo '  series    a patch series for git am, in build/series/KERNEL'
	@echo '  kernel    a small kernel with it, booted in the lab; FLAVOR=module, builtin,'
	@echo '            debug or kcsan (default: the first two)'
	@echo
	@echo 'Look around:'
	@echo '  lab       a shell on a host with our modules; GUEST=1: in a guest on it'
	@echo
	@echo 'Parts of test:'
	@echo '  unit      tests of the pure logic, on this machine'
	@echo '  tool-test exitstat on a made-up host; web-test: its page in a browser,'
	@echo '            its metrics in Prometheus'
	@echo '  lab-test  tests on the emulated host; CASE=name for one'
	@echo '  test-series  apply and build the series step by step, run its selftest'
	@echo
	@echo 'Longer than test:'
	@echo '  fuzz      libFuzzer on the library and the reader of recordings, a minute each'
	@echo '  bench     what an exit costs, beside perf, ftrace and bpftrace: build/bench/'
	@echo '  bench-docs   the same, and docs/performance.md from it'
	@echo '  test-selftests   KVM selftests of the kernel, stock modules against ours'
	@echo '  test-stress  2,000 vCPUs come and go, 100 reloads, allocations that fail'
	@echo '  test-debug  guests and stress on a kernel with KASAN, lockdep, UBSAN; TROUBLE=kcsan'
	@echo '  stock-races  which data races KVM has of its own, for the list of TROUBLE=kcsan'
	@echo '  test-package  packages and make install, in Debian trees of their own'
	@echo
	@echo '  clean     remove build/'
	@echo
	@echo 'KERNEL=6.12 (default) selects the kernel.  V=1 shows the commands.'

demo lab lab-test test-lab test-series test-stress test-package kernel bench bench-docs \
		test-selftests test-debug stock-races:
	$(Q)$(MAKE) -C tests $@

modules image series:
	$(Q)$(MAKE) -C kernel $@

tools:
	$(Q)$(MAKE) -C guest-tools tools

fuzz:
	$(Q)$(MAKE) -C tests/fuzz fuzz

deb:
	$(Q)$(TOP)/packaging/require dpkg-dev debhelper dh-dkms lintian gcc libc6-dev libjansson-dev \
		libmicrohttpd-dev libncurses-dev ncurses-bin
	$(say) DEB build/deb/
	$(Q)$(TOP)/packaging/make-deb $(BUILD)/deb

# The modules of the running kernel, or of RELEASE; DESTDIR, prefix as usual.
# RELOAD=no while a VM runs: those loaded stay until the next boot.
prefix	?= /usr/local
RELEASE	?= $(shell uname -r)
STAGE	:= $(BUILD)/stage
export DESTDIR prefix SIGN_KEY SIGN_CERT RELOAD

install:
	$(Q)kernel=$$(kernel/which-kernel $(RELEASE)) && \
		packaging/install check $(RELEASE) && \
		$(MAKE) -C kernel modules KERNEL=$$kernel RELEASE=$(RELEASE)
	$(Q)rm -rf $(STAGE)
	$(Q)$(MAKE) -C guest-tools install DESTDIR=$(STAGE)
	$(Q)packaging/install add $(STAGE) $(BUILD)/$$(kernel/which-kernel $(RELEASE)) $(RELEASE)

uninstall:
	$(Q)packaging/install remove

unit:
	$(Q)$(MAKE) -C tests/unit unit

tool-test web-test:
	$(Q)$(MAKE) -C tests/tool $@

test:
	$(Q)$(MAKE) -C tests test

check:
	$(Q)$(MAKE) -C tests/check check

clean:
	$(Q)rm -rf $(BUILD)
