# SPDX-License-Identifier: GPL-2.0-only
#
# The one table of supported kernels: for each, Debian's source package and
# the headers package that follows the newest release of that kernel.  Hooks
# are in patches/<kernel>/.  docs/porting.md says how to add one.
KERNELS		:= 6.12 6.1

source-6.12	:= linux-source-6.12
headers-6.12	:= linux-headers-6.12-amd64

source-6.1	:= linux-source-6.1
headers-6.1	:= linux-headers-amd64
