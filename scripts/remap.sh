#!/usr/bin/env bash
# usage: CARGO_ENCODED_RUSTFLAGS=$(scripts/remap.sh TARGET [FLAG…]) cargo build …
#
# Prints the FLAGs, and those that keep this machine's folders out of what is built: without them two checkouts, or two
# homes, give different bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$1
shift
# Where the crates are unpacked names the registry, or the mirror, that they came from: they have to be there first.
cargo fetch --quiet --target "$target" >&2
flags=("$@" "--remap-path-prefix=$PWD=/src")
for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  flags+=("--remap-path-prefix=$crates=/crates")
done
IFS=$'\x1f'
printf '%s' "${flags[*]}"
