#!/usr/bin/env bash
# Runs every fuzz target for some seconds, two at a time: run.sh [SECONDS] [NAME…]. What a target learnt stays under
# build/fuzz-corpus and is the start of the next run, beside tests/fixtures/<first word of the target's name>. One line per target; exit 1 and the reproducer when one breaks.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
export B=${B:-build/fuzz} FUZZ_SECONDS=${1:-20}
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_stack_use_after_return=1 LOA_ROOT=$PWD
shift || true

one() {
    local name corpus log rc cov runs size seeds=()
    name=$1 corpus=build/fuzz-corpus/$1 log=build/fuzz-logs/$1.log
    mkdir -p "$corpus" build/fuzz-logs build/fuzz-crashes
    [[ -d tests/fixtures/${name%%_*} ]] && seeds=("tests/fixtures/${name%%_*}")
    "$B/fuzz/$name" "-max_total_time=$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        "-artifact_prefix=build/fuzz-crashes/$name-" "$corpus" "${seeds[@]}" >"$log" 2>&1
    rc=$?
    cov=$(grep -ao 'cov: [0-9]*' "$log" | tail -1)
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    size=$(find "$corpus" -type f | wc -l)
    printf '%-20s %10s runs %8s cov %6s inputs   %s\n' "$name" "${runs:-?}" "${cov#cov: }" "$size" \
        "$([[ $rc -eq 0 ]] && echo good || echo "BROKEN (exit $rc)")"
    [[ $rc -eq 0 ]] && return 0
    grep -aE 'ERROR|runtime error|SUMMARY|Test unit written' "$log" | head -8
    echo "    again: $B/fuzz/$name $(sed -n 's/.*Test unit written to //p' "$log" | tail -1)"
    return 1
}
export -f one

names=("$@")
if [[ $# -eq 0 ]]; then
    for source in tests/fuzz/*.c; do names+=("$(basename "$source" .c)"); done
fi
printf '%s\n' "${names[@]}" | xargs -P2 -n1 bash -c 'one "$1"' _ || { echo "fuzz: at least one target broke"; exit 1; }
echo "fuzz: ${#names[@]} targets, $FUZZ_SECONDS s each, none broke"
