#!/usr/bin/env bash
# Runs every test: the unit programs, then the flows against real peers. Prints one line per program
# and, last, `N passed, N failed` counting single test cases. A name as argument runs only what matches it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
export LOA_ROOT=$PWD B=${B:-build} LOA_LANG=en
only=${1:-}
passed=0 failed=0 broken=()
logs=$B/test-logs
mkdir -p "$logs"

# run NAME COMMAND… : a program that ends with `N passed, N failed`, or a cmocka program
run() {
    local name=$1 log=$logs/$1.log p f
    shift
    [[ -z $only || $name == *$only* ]] || return 0
    local start=$SECONDS
    timeout --kill-after=10 "${LOA_TEST_LIMIT:-600}" "$@" >"$log" 2>&1
    local rc=$?
    read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$log" | tail -1)
    if [[ -z ${p:-} ]]; then # cmocka
        p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1)
        f=$(sed -n 's/^\[  FAILED  \] .*: \([0-9]*\) test.*/\1/p' "$log" | tail -1)
    fi
    p=${p:-0} f=${f:-0}
    [[ $rc -ne 0 && $f -eq 0 ]] && f=1
    passed=$((passed + p)) failed=$((failed + f))
    printf '%-34s %4d passed %3d failed  %3d s\n' "$name" "$p" "$f" $((SECONDS - start))
    if [[ $f -gt 0 ]]; then
        broken+=("$name")
        echo "---- $name (exit $rc), full output in $log"
        grep -aE 'FAILED|\[  ERROR|got:|want:|ERROR:|runtime error|Traceback|Error|fail' "$log" | head -40
        tail -15 "$log"
        echo "----"
    fi
}

for t in "$B"/tests/test_*; do
    [[ -x $t && ! -d $t && $t != *.d ]] && run "$(basename "$t")" "$t"
done
for t in tests/flow/flow_*.py; do
    [[ -e $t ]] && run "$(basename "$t" .py)" python3 "$t"
done
for t in tests/browser/browser_*.sh; do
    [[ -e $t ]] && run "$(basename "$t" .sh)" "$t"
done
[[ ${#broken[@]} -eq 0 ]] || echo "failed: ${broken[*]}"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
