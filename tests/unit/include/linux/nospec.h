/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_NOSPEC_H
#define UNIT_LINUX_NOSPEC_H

/* Nothing speculates here that could tell anybody anything. */
#define array_index_nospec(index, size) ((index) < (size) ? (index) : 0)

#endif /* UNIT_LINUX_NOSPEC_H */
