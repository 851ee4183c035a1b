// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is each exit reason that a kernel defines in our list, under its name and
 * number?  tests/check/check makes kernel.h: the kernel's header, and KERNEL(E)
 * with E(NAME, constant) for each constant in it.
 */
#include <stdio.h>
#include <string.h>

#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kernel.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct reason {
	const char *name;
	unsigned int code;
};

#define OURS(slot, code, name) { #name, code },
#define THEIRS(name, code) { #name, (unsigned int)(code) },

static const struct reason ours[] = { LIST(OURS, OURS) };
static const struct reason theirs[] = { KERNEL(THEIRS) };

int main(void)
{
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++) {
		const struct reason *r = &theirs[i];
		size_t j = 0;

		while (j < ARRAY_SIZE(ours) && strcmp(ours[j].name, r->name))
			j++;
		if (j == ARRAY_SIZE(ours)) {
			printf("%s (%#x): not in our list\n", r->name, r->code);
			bad = 1;
		} else if (ours[j].code != r->code) {
			printf("%s: the kernel has %#x, our list %#x\n", r->name,
			       r->code, ours[j].code);
			bad = 1;
		}
	}

	/* Both vendors have more; less means that nothing was compared. */
	if (ARRAY_SIZE(theirs) < 60) {
		printf("only %zu reasons found\n", ARRAY_SIZE(theirs));
		bad = 1;
	}
	return bad;
}
