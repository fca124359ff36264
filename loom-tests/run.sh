#!/usr/bin/env bash
# Runs the models: natively, under the model checker, and their broken twins, which must fail.
#
#   loom-tests/run.sh             everything, with one twin of each source file: some ten minutes on two cores
#   loom-tests/run.sh NAME…       only models whose names contain NAME, and no twins
#
# LOOM_MAX_PREEMPTIONS (default 3) bounds the preemptions in one explored execution of three threads; two threads get one
# more, executions with weak loads two less. NTWAIT_DEEP=1 makes it 4: ten times the executions;
# and runs all twins.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit 1

preemptions=3
[[ ${NTWAIT_DEEP:-0} == 0 ]] || preemptions=4
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-$preemptions}"
export RUST_BACKTRACE=0
failed=0

# checked NAME…: under the checker, as many programs at once as there are processors, as a model itself runs on one. Each prints when it has ended.
checked() {
    export RUSTFLAGS="--cfg ntwait_loom" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
    local build programs
    build=$(cargo test --release -p ntwait-models --tests --no-run 2>&1) || { echo "$build"; return 1; }
    mapfile -t programs < <(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' <<<"$build")
    ((${#programs[@]} > 0)) || { echo "$build"; return 1; }
    # shellcheck disable=SC2016 # expanded by the inner shell
    printf '%s\0' "${programs[@]}" | xargs -0 -P "$(nproc)" -I '{}' \
        bash -c 'output=$("$@" --test-threads=1 2>&1); status=$?; echo "$output"; exit $status' model '{}' "$@"
}

echo "== models, natively"
cargo test --release -p ntwait-models --no-fail-fast -- "$@" || failed=1

echo "== models, under the checker, up to $LOOM_MAX_PREEMPTIONS preemptions"
(checked "$@") || failed=1

if [[ $# == 0 ]]; then
    echo "== broken twins"
    # A twin that is caught is caught early.
    LOOM_MAX_PREEMPTIONS=3 cargo run --release -q -p ntwait-models --bin twins || failed=1
fi
exit "$failed"
