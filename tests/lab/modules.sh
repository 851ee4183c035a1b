# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Find kernel modules of the unpacked stock kernel with all that they depend
# on; sourced by run.  The image was never installed, so there is no
# modules.dep that modprobe could ask.

declare -A module_path=() module_seen=()

# A module has one name, written with - or with _.
index_modules() {
	local directory=$1 path name

	while read -r path; do
		name=${path##*/}
		name=${name%%.ko*}
		module_path[${name//-/_}]=$path
	done < <(find "$directory" -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst')
}

unpack_module() {
	case $1 in
	*.ko.xz)	xz -dc "$1" ;;
	*.ko.zst)	zstd -qdc "$1" ;;
	*)		cat "$1" ;;
	esac
}

# Add modules, dependencies first, to the directory; the number in front of
# the name keeps the order.  What the kernel has built in has no file.
add_modules() {
	local directory=$1 name path depends
	shift

	for name; do
		name=${name//-/_}
		[ -z "${module_seen[$name]:-}" ] || continue
		module_seen[$name]=1
		path=${module_path[$name]:-}
		[ "$path" ] || continue
		depends=$(modinfo -F depends "$path")
		# shellcheck disable=SC2086 # a list
		add_modules "$directory" ${depends//,/ }
		unpack_module "$path" >"$directory/$(printf %02d \
			"$(find "$directory" -name '*.ko' | wc -l)")-${name//_/-}.ko"
	done
}
