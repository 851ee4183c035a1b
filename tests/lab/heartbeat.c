// SPDX-License-Identifier: GPL-2.0-only
/*
 * heartbeat: have the real-time clock interrupt this machine again and again, and
 * touch each CPU when it does.
 *
 * QEMU's TCG (7.2) can drop the word to a CPU that its APIC has an interrupt for
 * it: the interrupt stays in the APIC's request register until any other one comes.
 * If it was the timer's, that CPU never gets its next one, and a guest that it runs
 * keeps it for good.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	int nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	unsigned long seen;
	cpu_set_t cpus;

	/* One a second, as an interrupt; the kernel makes faster ones from its timer. */
	if (fd < 0 || ioctl(fd, RTC_UIE_ON, 0)) {
		fprintf(stderr, "heartbeat: /dev/rtc0: %s\n", strerror(errno));
		return 1;
	}
	if (daemon(0, 0))
		return 1;
	while (read(fd, &seen, sizeof(seen)) == sizeof(seen))
		for (int cpu = 0; cpu < nr_cpus; cpu++) {
			/* The move there is an interrupt; some CPUs may be off. */
			CPU_ZERO(&cpus);
			CPU_SET(cpu, &cpus);
			sched_setaffinity(0, sizeof(cpus), &cpus);
		}
	return 1;
}
