#!/usr/bin/env bash
# Runs the models: natively, under the model checker, and their broken twins, which must fail.
#
#   loom-tests/run.sh             everything, within about ten minutes on two cores
#   loom-tests/run.sh NAME…       only models whose names contain NAME, and no twins
#
# LOOM_MAX_PREEMPTIONS (default 2) bounds the preemptions in one explored execution; NTWAIT_DEEP=1 makes it 3, which
# takes hours for the models with three threads.
set -euo pipefail
cd "$(dirname "$0")/.."

deep=${NTWAIT_DEEP:-0}
default_preemptions=2
[ "$deep" = 0 ] || default_preemptions=3
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-$default_preemptions}"
export RUST_BACKTRACE=0

echo "models, natively"
cargo test --release -p ntwait-models "${@/#/}"

echo "models, under the checker, up to $LOOM_MAX_PREEMPTIONS preemptions"
RUSTFLAGS="--cfg ntwait_loom" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom" \
    cargo test --release -p ntwait-models "$@"
