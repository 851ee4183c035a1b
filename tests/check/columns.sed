# SPDX-License-Identifier: GPL-2.0-only
#
# What is set by hand and clang-format 14 cannot leave alone, taken out before
# it looks (sed -E).  The number of lines stays the same.

# Several values on a line of a table, several names on the line of an enum:
# make them one.
/^[ \t]+[[:alnum:]_ |+-]+(, [[:alnum:]_ |+-]+)+,?$/s/, /_/g
/^[ \t]*enum( \w+)? \{ .* \};$/s/, /_/g

# The column of a comment behind code
s|([^ \t])[ \t]+(/\*([^*]*)\*/)$|\1 \2|

# Columns in tables: lines that begin with a brace, a designator or NAME =
/^[ \t]*([{]|[.]|\[[^]]*\] *=|[A-Z_0-9]+[ \t]+=)/{
	:again
	s/^([ \t]*[^ \t"].*[^ \t])([ ]{2,}|\t[ \t]*)([^ \t])/\1 \3/
	t again
}

# A compound literal: "(struct name) {"
s/(\(struct \w+\)) \{/\1{/

# A list that stands for entries of a table gets the comma that ends an entry.
/^enum .*\{$|= \{$/,/^[ \t]*\};/s/^[ \t].*KVM_EXIT_[A-Z_]+\(.*\)$/&,/
