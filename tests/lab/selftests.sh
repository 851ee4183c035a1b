# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own KVM selftests, on stock modules and on ours in the same boot:
# each has to end the same way.  Sourced by the cases, which differ in $without:
# tests that have this word in tests/selftests/list are left out, too.  Under Bochs
# they are in any case: it may need ten seconds for one of its own.
# A kernel of our own has no stock modules, and is in no hurry: there most have to
# pass, and none may fail but those that the list names.

# shellcheck source=/dev/null
. "$LAB_TOP/tests/lab/case.sh"
need_exit_stats

built=$LAB_BUILD/${LAB_KERNEL%%-*}/selftests-stock
vendor=VMX patience=20
! grep -qw svm /proc/cpuinfo || vendor=SVM patience=60
stock=1 as_stock=", as on stock modules"
case $LAB_KERNEL in
*-*)	stock='' as_stock='' patience=300 ;;
esac

# By "test word": what the list says of it here.
declare -A list=()
while read -r test where word text; do
	case $where in
	all | "$vendor" | "${LAB_KERNEL%%-*}" | "$vendor-${LAB_KERNEL%%-*}")
		[ -v "list[$test $word]" ] || list[$test $word]=$text ;;
	esac
done < <(grep -v -e '^#' -e '^$' "$built/list")

# listed TEST WORD: print what the list says; fails if nothing
listed() {
	[ -v "list[$1 $2]" ] && echo "${list[$1 $2]}"
}

cpu1=/sys/devices/system/cpu/cpu1/online
huge_pages=/proc/sys/vm/nr_hugepages

# Some want a second CPU.  The emulators are better off with one: see engine-qemu.
second_cpu() {
	[ ! -e $cpu1 ] || [ "$(<$cpu1)" = "$1" ] || echo "$1" >$cpu1
}

# A small kernel may know none.
set_huge_pages() {
	[ ! -e $huge_pages ] || [ "$(<$huge_pages)" = "$1" ] || echo "$1" >$huge_pages
}

load() {
	[ "$stock" ] || return 0
	case $1 in
	ours)	load_kvm ours exit_stats=guest ;;
	stock)	load_kvm stock
		[ ! -e /sys/module/kvm/parameters/exit_stats ] || {
			not_ok "stock modules are loaded" "they are ours"
			exit 1
		} ;;
	esac
}

# Some scripts want it; here all is root's.
sudo() {
	"$@"
}
export -f sudo

# By "modules:test": how it ended, with the last line that it said if it did not
# pass; milliseconds.
declare -A ended=() took=()

# run_test MODULES TEST: how it ends is in its exit status, as kselftest has it
run_test() {
	local modules=$1 test=$2 status=0 began=${EPOCHREALTIME/./} how last arguments pages limit
	local said=/tmp/said

	arguments=$(listed "$test" with) || arguments=
	limit=$(listed "$test" limit) || limit=$patience
	! listed "$test" two-cpus >/dev/null || second_cpu 1
	pages=$(listed "$test" huge-pages) || pages=0
	set_huge_pages "$pages"
	# shellcheck disable=SC2086 # several
	timeout -k 5 "$limit" "$built/bin/$test" $arguments >$said 2>&1 </dev/null || status=$?
	second_cpu 0
	set_huge_pages 0

	case $status in
	0)		how=pass ;;
	4)		how=skip ;;
	124 | 137)	how=timeout ;;
	*)		how=fail ;;
	esac
	last=
	[ $how = pass ] || last=$(sed -n '/[^ ]/h; ${ x; s/.*# SKIP *-* *//; s/^\(.\{120\}\).*/\1/; p; }' $said)
	ended[$modules:$test]="$how $last"
	took[$modules:$test]=$(((${EPOCHREALTIME/./} - began) / 1000))
	echo "selftest $modules $test ${took[$modules:$test]} ms $how $last"
}

run_tests() {
	local modules test

	for modules in ${stock:+stock} ours; do
		load "$modules"
		for test; do
			run_test "$modules" "$test"
		done
	done
}

how() {
	echo "${ended[$1:$2]%% *}"
}

# A skip has a reason, which has to be the same.  What a failure says may have
# the numbers of the day in it.
same() {
	[ "$stock" ] || return 0
	case $(how stock "$1") in
	skip)	[ "${ended[stock:$1]}" = "${ended[ours:$1]}" ] ;;
	*)	[ "${ended[stock:$1]//[0-9a-f]/}" = "${ended[ours:$1]//[0-9a-f]/}" ] ;;
	esac
}

# Fails if the test is to be tried once more.  What takes too long does so again.
settled() {
	same "$1" || return
	case $(how ours "$1") in
	fail)	listed "$1" fails >/dev/null ;;
	esac
}

judge() {
	local test=$1 why

	if ! same "$test"; then
		not_ok "$test" "${ended[ours:$test]}; on stock modules: ${ended[stock:$test]}"
		return
	fi
	case $(how ours "$test") in
	pass)	ok "$test passes$as_stock${rounds[$test]:+, in round ${rounds[$test]}}" ;;
	skip)	echo "skip - $test$as_stock: ${ended[ours:$test]#skip }" ;;
	*)	if why=$(listed "$test" fails) &&
			{ [ "$stock" ] || [ "$(how ours "$test")" = fail ]; }; then
			echo "skip - $test fails$as_stock: $why"
		else
			not_ok "$test" "${ended[ours:$test]}$as_stock, but the list does not say why"
		fi ;;
	esac
}

sum() {
	local test end
	declare -A number=([pass]=0 [skip]=0 [fail]=0 [timeout]=0)

	for test in "${tests[@]}"; do
		end=$(how "$1" "$test")
		number[$end]=$((number[$end] + 1))
	done
	echo "# $1: ${number[pass]} pass, ${number[skip]} skip, ${number[fail]} fail, ${number[timeout]} time out"
}

[ $vendor = SVM ] || without=slow
tests=() slow=()
while read -r test; do
	if why=$(listed "$test" left-out); then
		echo "skip - $test is left out: $why"
	elif [ "$without" ] && listed "$test" "$without" >/dev/null; then
		slow+=("$test")
	else
		tests+=("$test")
	fi
done <"$built/tests"
second_cpu 0

run_tests "${tests[@]}"

# Some tests compare clocks, and an emulator has its moods: what differs gets a
# second and a third chance, on both; its verdict says so.
declare -A rounds=()
for round in 2 3; do
	again=()
	for test in "${tests[@]}"; do
		settled "$test" || again+=("$test")
	done
	[ ${#again[@]} -gt 0 ] || break
	echo "# round $round: ${again[*]}"
	for test in "${again[@]}"; do
		[ "$stock" ] || echo "note - $test: ${ended[ours:$test]}"
		rounds[$test]=$round
	done
	run_tests "${again[@]}"
done

for test in "${tests[@]}"; do
	judge "$test"
done
passed=$(printf '%s\n' "${ended[@]}" | grep -c '^pass' || true)
[ "$stock" ] || check "more than half of them pass" [ $((passed * 2)) -gt ${#tests[@]} ]
echo "# Linux $LAB_KERNEL, $vendor, ${#tests[@]} tests, $SECONDS s"
[ ${#slow[@]} -eq 0 ] || echo "# not run, as they are slow: ${slow[*]}"
[ ! "$stock" ] || sum stock
sum ours
finish
