// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel that looks for trouble has to find, one of each kind: does it, and
 * does the lab see that it does?
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "leak, reports or race");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static noinline void sleep_in_atomic(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static noinline void shift_too_far(void)
{
	unsigned int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	pr_info("fault: %d\n", 1 << by);
}

static noinline void lock_in_both_orders(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static noinline void use_after_free(void)
{
	u64 *word = kzalloc(sizeof(*word), GFP_KERNEL);
	u64 *freed = word;

	OPTIMIZER_HIDE_VAR(freed);
	kfree(word);
	if (freed)
		pr_info("fault: %llu\n", READ_ONCE(*freed));
}

static noinline void forget_memory(void)
{
	void *memory = kzalloc(1000, GFP_KERNEL);

	/* Its address remains nowhere. */
	OPTIMIZER_HIDE_VAR(memory);
}

static u64 shared;

static noinline void count_without_care(void)
{
	shared++;
	barrier();
}

static int count_for_a_while(void *unused)
{
	unsigned long end = jiffies + 10 * HZ;

	while (time_before(jiffies, end)) {
		count_without_care();
		cond_resched();
	}
	return 0;
}

static int __init fault_init(void)
{
	unsigned int i;

	if (!strcmp(kind, "leak")) {
		forget_memory();
	} else if (!strcmp(kind, "reports")) {
		/* The last two end the search for their kind. */
		sleep_in_atomic();
		shift_too_far();
		lock_in_both_orders();
		use_after_free();
	} else if (!strcmp(kind, "race")) {
		for (i = 0; i < 2; i++)
			kthread_run(count_for_a_while, NULL, "fault/%u", i);
		/* They live in this module. */
		msleep(11000);
	} else {
		return -EINVAL;
	}

	return 0;
}

static void __exit fault_exit(void)
{
}

module_init(fault_init);
module_exit(fault_exit);
MODULE_DESCRIPTION("Faults on purpose, for the lab");
MODULE_LICENSE("GPL");
