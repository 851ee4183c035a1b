# SPDX-License-Identifier: GPL-2.0-only
#
# The one table of supported kernels: for each, Debian's source package, the
# headers package that follows the newest release of that kernel, and what its
# releases look like (an extended regular expression; Debian 12's own builds of
# the plain flavour).  Hooks are in patches/<kernel>/.  docs/porting.md says how
# to add one.
KERNELS		:= 6.12 6.1

source-6.12	:= linux-source-6.12
headers-6.12	:= linux-headers-6.12-amd64
release-6.12	:= 6\.12\.[0-9]+\+deb12-amd64

source-6.1	:= linux-source-6.1
headers-6.1	:= linux-headers-amd64
release-6.1	:= 6\.1\.0-[0-9]+-amd64
