# SPDX-License-Identifier: GPL-2.0-only
#
# Some things clang-format 14 can neither do nor leave alone: macro definitions
# aligned at tab stops, the blank after an asm constraint, an attribute on a
# line of its own, an empty body on the line of its function, and our lists,
# which look like calls without a semicolon.
# Print the ranges of lines without them, as options of clang-format.

function flush(to)
{
	if (from && from <= to)
		printf "--lines=%d:%d\n", from, to
	from = 0
}

{
	define = more || /^[ \t]*#[ \t]*define/
	more = define && /\\$/
	other = open || /(^|[^a-z_])(__)?asm(__)?[ (]/ || /^__attribute__/
	open = other && !/\);$/
	list = /^KVM_EXIT_[A-Z_]+\([A-Z_, ]*\)$/

	empty = /\{\};?$/

	if (define || other || list || empty)
		flush(NR - 1)
	else if (!from)
		from = NR
}

END {
	flush(NR)
}
