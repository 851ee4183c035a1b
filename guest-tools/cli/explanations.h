/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each exit reason means, for people: one entry a reason of both lists in
 * include/, which a unit test compares with them.
 */
#ifndef EXITSTAT_EXPLANATIONS_H
#define EXITSTAT_EXPLANATIONS_H

#include <stdint.h>

/* Each is one sentence; a newline in it is no more than a space. */
struct explanation {
	const char *cause;	/* what makes the guest exit */
	const char *cost;	/* what that usually costs, what reduces it */
};

/*
 * By namespace (KVM_EXIT_STATS_NS_...) and slot; slot 0 is OTHER.  NULL: not
 * one of ours, as for a code newer than this program.
 */
const struct explanation *explanation(uint32_t reasons, uint32_t slot);

/*
 * AMD's manual numbers accesses to control and debug registers that no
 * processor has; those numbers have no row.  True for such a code, with the
 * register's access as the manual has it, "READ_CR1".
 */
int explanation_no_row(uint32_t reasons, uint32_t code, const char **name);
extern const struct explanation explanation_of_no_row;

#endif /* EXITSTAT_EXPLANATIONS_H */
