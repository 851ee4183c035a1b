// SPDX-License-Identifier: GPL-2.0-only
/* The host's VMs as text for Prometheus. */
#include <ctype.h>
#include <string.h>

#include "host.h"

struct writer {
	FILE *out;
	const struct host_vms *vms;
	int openmetrics;
};

/* OpenMetrics has the family's name here, the older format that of the samples. */
static void family(const struct writer *writer, const char *name, const char *type,
		   const char *unit, const char *help)
{
	const char *suffix = "";

	if (!writer->openmetrics && !strcmp(type, "counter"))
		suffix = "_total";
	if (!writer->openmetrics && !strcmp(type, "info")) {
		suffix = "_info";
		type = "gauge";
	}
	fprintf(writer->out, "# TYPE %s%s %s\n", name, suffix, type);
	if (*unit && writer->openmetrics)
		fprintf(writer->out, "# UNIT %s %s\n", name, unit);
	fprintf(writer->out, "# HELP %s%s %s\n", name, suffix, help);
}

static void label(FILE *out, const char *name, const char *value)
{
	const char *p;

	fprintf(out, "%s=\"", name);
	for (p = value; *p; p++) {
		if (*p == '\n')
			fputs("\\n", out);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (!iscntrl((unsigned char)*p))
			putc(*p, out);
	}
	putc('"', out);
}

/* A sample up to its value: name{vm="1-2",name="web" */
static void open_sample(FILE *out, const char *metric, const struct host_vm *vm)
{
	fprintf(out, "%s{", metric);
	label(out, "vm", vm->id);
	putc(',', out);
	label(out, "name", vm->name);
}

static void print_value(FILE *out, uint64_t value, uint64_t hz)
{
	if (hz)
		fprintf(out, "} %.15g\n", (double)value / (double)hz);
	else
		fprintf(out, "} %llu\n", (unsigned long long)value);
}

/* A column's number of this VM; kernels that know others may differ in the order. */
static int find_column(const struct host_table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->nr_columns; i++) {
		if (!strcmp(table->column[i].name, name))
			return (int)i;
	}
	return -1;
}

static void print_column(const struct writer *writer, const char *metric, const char *name,
			 int is_time)
{
	const struct host_table *table;
	size_t i, row;
	int column;

	for (i = 0; i < writer->vms->nr; i++) {
		table = &writer->vms->vm[i].table;
		column = find_column(table, name);
		for (row = 0; column >= 0 && row < table->nr_rows; row++) {
			open_sample(writer->out, metric, &writer->vms->vm[i]);
			putc(',', writer->out);
			label(writer->out, "reason", table->row[row].reason);
			if (table->row[row].code[0]) {
				putc(',', writer->out);
				label(writer->out, "code", table->row[row].code);
			}
			print_value(writer->out, table->row[row].value[column],
				    is_time ? table->tsc_hz : 0);
		}
	}
}

static void print_columns(const struct writer *writer)
{
	const struct host_table *table = &writer->vms->vm[0].table;
	char name[80], metric[96], help[120];
	size_t i;

	family(writer, "kvm_vm_exits", "counter", "", "VM exits by reason.");
	print_column(writer, "kvm_vm_exits_total", "exits", 0);
	for (i = 1; i < table->nr_columns; i++) {
		snprintf(name, sizeof(name), "kvm_vm_exit_%s_seconds", table->column[i].name);
		snprintf(metric, sizeof(metric), "%s_total", name);
		snprintf(help, sizeof(help), "Time of exits by reason: %s.", table->column[i].name);
		family(writer, name, "counter", "seconds", help);
		print_column(writer, metric, table->column[i].name, 1);
	}
}

static void print_times(const struct writer *writer)
{
	const struct host_table *first = &writer->vms->vm[0].table;
	char name[80], metric[96], help[120];
	const struct host_table *table;
	const char *time;
	size_t i, k;

	for (k = 0; k < first->nr_times; k++) {
		time = first->time_name[k].name;
		snprintf(name, sizeof(name), "kvm_vm_%s_seconds", time);
		snprintf(metric, sizeof(metric), "%s_total", name);
		snprintf(help, sizeof(help), "Time of all vCPUs together: %s.", time);
		family(writer, name, "counter", "seconds", help);
		for (i = 0; i < writer->vms->nr; i++) {
			table = &writer->vms->vm[i].table;
			open_sample(writer->out, metric, &writer->vms->vm[i]);
			print_value(writer->out, table->time[k], table->tsc_hz);
		}
	}
}

static void print_vms(const struct writer *writer)
{
	const struct host_vm *vm;
	FILE *out = writer->out;
	size_t i;

	family(writer, "kvm_vm_vcpus", "gauge", "", "vCPUs of the VM.");
	for (i = 0; i < writer->vms->nr; i++) {
		open_sample(out, "kvm_vm_vcpus", &writer->vms->vm[i]);
		print_value(out, writer->vms->vm[i].table.vcpus, 0);
	}
	family(writer, "kvm_vm", "info", "", "Which VM it is.");
	for (i = 0; i < writer->vms->nr; i++) {
		vm = &writer->vms->vm[i];
		open_sample(out, "kvm_vm_info", vm);
		fprintf(out, ",pid=\"%ld\",", vm->pid);
		label(out, "uuid", vm->uuid);
		putc(',', out);
		label(out, "reasons", vm->table.vendor);
		fprintf(out, ",instance=\"0x%016llx\"} 1\n",
			(unsigned long long)vm->table.instance);
	}
}

void host_metrics(FILE *out, const struct host_vms *vms, int enabled, int openmetrics)
{
	const struct writer writer = { out, vms, openmetrics };

	family(&writer, "kvm_exit_stats_enabled", "gauge", "", "Do vCPUs count their exits?");
	fprintf(out, "kvm_exit_stats_enabled %d\n", enabled);
	family(&writer, "kvm_vms", "gauge", "", "VMs with exit statistics.");
	fprintf(out, "kvm_vms %zu\n", vms->nr);
	if (vms->nr) {
		print_vms(&writer);
		print_columns(&writer);
		print_times(&writer);
	}
	if (openmetrics)
		fputs("# EOF\n", out);
}
