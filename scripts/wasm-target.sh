#!/usr/bin/env bash
# usage: scripts/wasm-target.sh [TARGET]
#
# Sees to it that the Rust toolchain in use can compile for wasm32-wasip1 (or TARGET). Where rustup can fetch the
# target's standard library, it does. Where it cannot, as behind a proxy that only lets package mirrors through, the
# library is built once from Debian's source package of the very same Rust version and put where rustup would have put
# it: about 45 MB to fetch, and 40 s on two cores. Silent when there is nothing to do.
set -euo pipefail
target=${1:-wasm32-wasip1}
sysroot=$(rustc --print sysroot)
library=$sysroot/lib/rustlib/$target/lib

there() { compgen -G "$library/libstd-*.rlib" >/dev/null; }
there && exit 0
if command -v rustup >/dev/null; then
  echo "adding the target $target with rustup" >&2
  rustup -q target add "$target" 2>/dev/null || true
  there && exit 0
fi

version=$(rustc --version | cut -d' ' -f2)
echo "rustup could not: building the standard library for $target from Debian's sources of Rust $version" >&2
[[ -w $sysroot/lib/rustlib ]] || { echo "expected a toolchain that can be written to, got $sysroot" >&2; exit 1; }
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

work=$(mktemp -d)
sources=$sysroot/lib/rustlib/src/rust
linked=
trap 'rm -rf "$work"; [[ -z $linked ]] || rm -f "$sources"' EXIT

# Backports keep several versions, the next release has the newest.
for suite in trixie-backports trixie sid; do
  package=$(debian_versions "$suite" rust-src 2>/dev/null | grep -m1 "^${version//./\\.}+" || true)
  [[ -n $package ]] || continue
  from_debian "$suite" "rust-src=$package" "$work/rust-src"
  break
done
tree=$work/rust-src/usr/src/rustc-$version
[[ -d $tree ]] || { echo "Debian has no sources of Rust $version: install the target $target by hand" >&2; exit 1; }

if [[ ! -e $sources ]]; then
  mkdir -p "$(dirname "$sources")"
  linked=yes
  ln -sfn "$tree" "$sources"
fi
cargo --quiet new --lib --vcs none "$work/empty"
# Built as a stranger to whatever the caller's environment says about builds.
(cd "$work/empty" &&
  env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/build" \
    cargo build --quiet --release -Zbuild-std=std,panic_abort --target "$target")
built=$work/build/$target/release/deps
rm -f "$built"/libempty-*

# The C library first and the standard library last: what is checked above is there only once all is.
if [[ $target == wasm32-wasip1 ]]; then
  from_debian trixie wasi-libc "$work/libc"
  mkdir -p "$library/self-contained"
  cp "$work"/libc/usr/lib/wasm32-wasi/{crt1-command.o,crt1-reactor.o,libc.a} "$library/self-contained/"
fi
mkdir -p "$library"
find "$built" -name 'lib*.rlib' ! -name 'libstd-*' -exec cp -t "$library" {} +
cp "$built"/libstd-*.rlib "$library/"
