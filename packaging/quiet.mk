# SPDX-License-Identifier: GPL-2.0-only
#
# Quiet by default, V=1 for the commands; included by every Makefile.
TOP	:= $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD	?= $(TOP)/build
KERNEL	?= 6.12

ifeq ($(V),1)
Q	:=
say	:= @:
else
Q	:= @
say	:= @printf '  %-7s %s\n'
MAKEFLAGS += --no-print-directory
endif

SHELL	:= /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SUFFIXES:
