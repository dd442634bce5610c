#!/usr/bin/env bash
# usage: scripts/fuzz.sh [TARGET…]
#
# Runs each fuzz target (or those named) for FUZZ_SECONDS, 30 by default, beginning with fuzz/seeds/TARGET and with what
# earlier runs left in fuzz/corpus/TARGET. Ends with 1 if a target crashed or was too slow; the input is then in
# fuzz/artifacts/TARGET. Needs neither a nightly toolchain nor cargo-fuzz: the parsers are safe Rust, so coverage is
# all the instrumentation there is to ask for. `cargo +nightly fuzz run TARGET` works too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../fuzz"
seconds=${FUZZ_SECONDS:-30}
host=$(rustc --version --verbose | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-target}

coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg=fuzzing"
# With a target named, the flags are kept from build scripts and macros.
RUSTFLAGS=$(echo $coverage) cargo build --quiet --release --bins --target "$host" ${CI:+--locked}

if (($# > 0)); then targets=("$@"); else mapfile -t targets < <(ls seeds); fi
failed=()
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "artifacts/$target"
  # A limit of memory and time for each input is part of what is asked: hostile input must not be expensive.
  if "$target_dir/$host/release/$target" "corpus/$target" "seeds/$target" -max_total_time="$seconds" -timeout=5 \
    -rss_limit_mb=1024 -max_len=65536 -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"artifacts/$target/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "artifacts/$target/log")
    slowest=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "artifacts/$target/log")
    printf '%-24s%10s inputs, the slowest %s s\n' "$target" "$runs" "$slowest"
  else
    printf '%-24sFAILED\n' "$target"
    grep -m5 -E 'panicked at|ERROR: libFuzzer|SUMMARY|Test unit written' "artifacts/$target/log" || tail -n 5 "artifacts/$target/log"
    failed+=("$target")
  fi
done
((${#failed[@]} == 0)) || { echo "${#failed[@]} of ${#targets[@]} targets failed" >&2; exit 1; }
