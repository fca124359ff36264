#!/usr/bin/env bash
# Proves the tree: format, lints, the std::sync ban, unit, integration and doc tests, the installed C library, loom models, the
# lab's gate, a soak of threads, the stated rust-version.
#
#   ./ci.sh          everything, within 25 minutes on two cores
#   ./ci.sh --deep   the long variants (or NTWAIT_DEEP=1): more interleavings, stress for NTWAIT_STRESS_SECONDS (default then 300), as long
#                    for each part of the oracle, from another seed each time, release tests, a soak of a million threads, cargo-c
#
# Works from any directory, without terminal or input, and installs what a machine with only rustup and a shell lacks. A step that fails
# is reported and the next one runs; the full output of each lies in target/ci/. The last line is always `N passed, N failed`: the sum of
# all tests, and one for each step that is not a test. The exit status is 0 only if nothing failed.

set -uo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" || exit 1
exec </dev/null
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
export CARGO_TERM_COLOR=never

deep=${NTWAIT_DEEP:-0}
for argument in "$@"; do
    case $argument in
        --deep) deep=1 ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "unknown argument: $argument (see --help)" >&2; exit 2 ;;
    esac
done
if [[ $deep != 0 ]]; then
    export NTWAIT_DEEP=1 NTWAIT_STRESS_SECONDS="${NTWAIT_STRESS_SECONDS:-300}"
    export NTWAIT_ORACLE_SECONDS="${NTWAIT_ORACLE_SECONDS:-$NTWAIT_STRESS_SECONDS}" NTWAIT_ORACLE_SEED="${NTWAIT_ORACLE_SEED:-$EPOCHSECONDS}"
fi

target=${CARGO_TARGET_DIR:-target}
logs=$target/ci
mkdir -p "$logs"
passed=0
failed=0
failures=()

# Interrupted: the running step ends too.
child=
trap '[[ -z $child ]] || kill "$child" 2>/dev/null; exit 130' INT TERM HUP

# How long a step may take: more than it ever needs, so that a hang fails and CI does not stall.
limit=1200
[[ $deep == 0 ]] || limit=21600

# ── counting ────────────────────────────────────────────────────────────────────────────────────

# run NAME COMMAND…: into the log, under the limit; leaves the exit status in `status`, the time in `seconds`, the file in `log`.
run() {
    log=$logs/${1// /-}.log
    printf '%-34s' "$1"
    local from=$EPOCHREALTIME
    if declare -F "$2" >/dev/null; then
        "${@:2}" >"$log" 2>&1 &
    else
        timeout --kill-after=10 "$limit" "${@:2}" >"$log" 2>&1 &
    fi
    child=$!
    wait "$child"
    status=$?
    seconds=$(awk -v from="$from" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')
    [[ $status != 124 && $status != 137 ]] || echo "stopped: the limit of $limit s has passed" >>"$log"
}

# verdict NAME PASSED FAILED: adds up, prints the line, and the end of the log if something failed.
verdict() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    if (($3 == 0)); then
        printf 'ok      %7s s   %s passed\n' "$seconds" "$2"
    else
        printf 'FAILED  %7s s   %s passed, %s failed   (%s)\n' "$seconds" "$2" "$3" "$log"
        failures+=("$1")
        grep -E '^(test .*FAILED|error(\[|:)|thread .* panicked|---- )' "$log" | head -n 40
        echo "--- the end of $log"
        tail -n 60 "$log"
        echo "---"
    fi
}

# step NAME COMMAND…: counts one.
step() {
    run "$@"
    if ((status == 0)); then verdict "$1" 1 0; else verdict "$1" 0 1; fi
}

# tests NAME COMMAND…: counts what libtest's result lines say, and one failed for each test program that crashed, which has no such line.
# A command that fails without any of these (it did not compile, it was killed) counts one failed, and so does one that ran no test at all.
tests() {
    run "$@"
    local good bad
    good=$(results passed)
    bad=$(($(results failed) + $(grep -c "process didn't exit successfully: .*(signal: " "$log")))
    if ((bad == 0 && (status != 0 || good == 0))); then bad=1; fi
    verdict "$1" "$good" "$bad"
}

# results WORD: the sum of the numbers before WORD in the result lines of the log.
results() {
    awk -v word="$1" '/^test result:/ { for (i = 2; i <= NF; i++) if ($i ~ "^" word) n += $(i - 1) } END { print n + 0 }' "$log"
}

# ── what a fresh machine lacks ──────────────────────────────────────────────────────────────────

as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

# packages COMMAND PACKAGE …: prints the packages of the commands that are not there.
packages() {
    while (($# > 0)); do
        command -v "$1" >/dev/null || printf '%s\n' "$2"
        shift 2
    done
}

install_tools() {
    local missing
    mapfile -t missing < <(packages cc gcc g++ g++ clang clang cmake cmake pkg-config pkg-config)
    if ((${#missing[@]} > 0)) && command -v apt-get >/dev/null; then
        as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y "${missing[@]}" libc6-dev
    fi
    # Without the others there are fewer checks of the installed tree; without this one there is nothing.
    command -v cc || return 1
    if [[ $deep != 0 ]] && ! command -v cargo-cinstall; then
        # The newest that the compiler here can build.
        cargo install cargo-c --locked || cargo install cargo-c@0.10.24+cargo-0.98.0 --locked || return 1
    fi
    # Offline is no failure as long as the components are there.
    cargo fmt --version || rustup component add rustfmt || return 1
    cargo clippy --version || rustup component add clippy || return 1
    cargo --version && rustc --version --verbose
}

# ── steps that are more than one command ────────────────────────────────────────────────────────

# Names every `sync::` path in the Rust sources given, comments, loom's own and in-file tests left out.
sync_paths() {
    awk '
        FNR == 1 { in_tests = 0 }
        /^[ \t]*mod tests \{/ { in_tests = 1 }
        in_tests { next }
        {
            line = $0
            sub(/\/\/.*/, "", line)
            gsub(/loom::sync/, "", line)
            if (line ~ /(^|[^A-Za-z0-9_])sync[ \t]*::|::[ \t]*sync([^A-Za-z0-9_]|$)/) { print FILENAME ":" FNR ": " $0; found = 1 }
        }
        END { exit !found }
    ' "$@"
}

# The library and its C face name std::sync nowhere and core::sync::atomic in one file. The search itself is tried on known offenders first. Left out is
# the futex's stand-in for the model checker, src/sys/model.rs, which no build without the checker contains.
no_std_sync() {
    local bad sources
    for bad in 'use std::sync::Arc;' 'use std::{sync::Mutex, thread};' 'use core::sync::atomic::AtomicU32;' 'let m = std :: sync :: Once::new();' 'use std::sync;'; do
        printf '%s\n' "$bad" >"$logs/offender.rs"
        sync_paths "$logs/offender.rs" || { echo "the search does not see: $bad"; return 1; }
    done
    mapfile -t sources < <(find src capi/src -name '*.rs' ! -path src/sys/atomic.rs ! -path src/sys/model.rs ! -name tests.rs | sort)
    ((${#sources[@]} > 0)) || { echo "no sources found"; return 1; }
    grep -B1 'mod model;$' src/sys/mod.rs | grep -qx '#\[cfg(ntwait_loom)\]' || { echo "src/sys/model.rs is in the product"; return 1; }
    echo "searching ${#sources[@]} files"
    ! sync_paths "${sources[@]}"
}

lint_models() {
    RUSTFLAGS="--cfg ntwait_loom" timeout "$limit" cargo clippy --target-dir "$target/loom" -p ntwait --lib -- -D warnings &&
        RUSTFLAGS="--cfg ntwait_loom" timeout "$limit" cargo clippy --target-dir "$target/loom" --manifest-path loom-tests/Cargo.toml --all-targets -- -D warnings
}

# The compiler that builds here is not older than the stated one, and the stated one builds the tree too.
stated_rust_version() {
    local stated built
    stated=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml | head -n 1)
    built=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
    [[ -n $stated && -n $built ]] || { echo "stated '$stated', built with '$built'"; return 1; }
    echo "stated $stated, built with $built"
    [[ $(printf '%s\n' "$stated" "$built" | sort -V | head -n 1) == "$stated" ]] || return 1
    if [[ $built == "$stated" || $built == "$stated".* ]]; then
        timeout "$limit" cargo check --workspace --all-targets
    else
        rustup run "$stated" cargo --version || rustup toolchain install "$stated" --profile minimal || return 1
        timeout "$limit" rustup run "$stated" cargo check --workspace --all-targets --target-dir "$target/stated"
    fi
}

documentation() { RUSTDOCFLAGS="-D warnings" timeout "$limit" cargo doc --no-deps -p ntwait --features trace,lock_api,json; }

shell_scripts() { shellcheck ci.sh .ci/run loom-tests/run.sh capi/install.sh capi/tests/installed.sh; }

# A file of more than 400 lines has too many jobs; said, not counted.
long_files() {
    local file lines
    while read -r lines file; do
        ((lines <= 400)) || echo "warning: $file has $lines lines, more than 400"
    done < <(find src capi/src -name '*.rs' -exec wc -l {} \; | sort -rn)
}

# ── the run ─────────────────────────────────────────────────────────────────────────────────────

step "tools" install_tools
step "format" cargo fmt --all --check
step "lints" cargo clippy --workspace --all-targets -- -D warnings
step "lints without features" cargo clippy --all-targets -- -D warnings # libntwait.so has its calls traced, Rust programs need not
step "lints of the loom build" lint_models
step "no std::sync" no_std_sync
if command -v shellcheck >/dev/null; then step "shell scripts" shell_scripts; fi
tests "tests" cargo test --workspace --no-fail-fast
tests "installed C library" ./capi/tests/installed.sh
if [[ $deep != 0 ]]; then tests "tests in release" cargo test --release --no-fail-fast; fi
tests "loom models" ./loom-tests/run.sh
step "lab gate" cargo run --release -- --quick
soak=20000
[[ $deep == 0 ]] || soak=1000000
step "thread soak" cargo run --release -- --soak "$soak"
step "documentation" documentation
step "rust-version" stated_rust_version
long_files

((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed"
((failed == 0))
