#!/usr/bin/env bash
# usage: scripts/static.sh ARCH [PROGRAM]      ARCH is amd64 or arm64
#
# Builds the program `continuity` (or `continuity-harness`) for Linux without a C library to load, as the image and the
# releases have it, and prints where it is. The same sources give the same bytes, in whatever folder and on whatever x86-64 Linux: the Rust compiler is
# the one of rust-toolchain.toml, the C compiler (for the TLS library) the one below, from PyPI, and no path is kept.
# STATIC_PROFILE names another profile than `dist`. Ends with 3 where this machine cannot build for ARCH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
zig=0.17.1

case ${1:-} in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) echo "usage: scripts/static.sh amd64|arm64 [continuity|continuity-harness]" >&2; exit 2 ;;
esac
arch=$1
program=${2:-continuity}
case $program in
  continuity) package=continuity-cli ;;
  continuity-harness) package=host-harness ;;
  *) echo "expected continuity or continuity-harness, got $program" >&2; exit 2 ;;
esac
target=$machine-unknown-linux-musl
cannot() { echo "nothing can be built for $arch here: $1" >&2; exit 3; }

there() { compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/libstd-*.rlib" >/dev/null; }
if ! there; then
  rustup -q target add "$target" 2>/dev/null || true
  there || cannot "rustup gave no standard library for $target"
fi
tools=$PWD/.cache/tools/zig-$zig
if [[ ! -x $tools/bin/python ]]; then
  command -v python3 >/dev/null || cannot "there is no python3 to fetch a C compiler with"
  echo "fetching a C compiler for $target" >&2
  rm -rf "$tools" "$tools.part"
  python3 -m venv "$tools.part" &&
    "$tools.part/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "ziglang==$zig" ||
    cannot "PyPI gave no ziglang $zig, whose C compiler is needed"
  mv "$tools.part" "$tools"
fi
compiler=$(echo "$tools"/lib/python3*/site-packages/ziglang/zig)
[[ -x $compiler ]] || cannot "expected a C compiler, found no $compiler"

# What cargo calls knows LLVM's names of targets, and this compiler has names of its own.
bin=$PWD/.cache/tools/cc-$machine
mkdir -p "$bin"
cat >"$bin/cc" <<WRAPPER
#!/usr/bin/env bash
arguments=()
for argument; do [[ \$argument == --target=* ]] || arguments+=("\$argument"); done
exec '$compiler' cc -target $machine-linux-musl "\${arguments[@]}"
WRAPPER
printf '#!/usr/bin/env bash\nexec %q ar "$@"\n' "$compiler" >"$bin/ar"
chmod +x "$bin/cc" "$bin/ar"

# rustup's own linker and start files: nothing of this machine gets into the program.
CARGO_ENCODED_RUSTFLAGS=$(scripts/remap.sh "$target" -Clinker=rust-lld -Clink-self-contained=yes -Ctarget-feature=+crt-static)
c_flags=(-fno-sanitize=undefined -g0 "-ffile-prefix-map=$PWD=/src")
for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  c_flags+=("-ffile-prefix-map=$crates=/crates")
done
name=${target//-/_}
export "CC_$name=$bin/cc" "AR_$name=$bin/ar" "CFLAGS_$name=${c_flags[*]}"
export CARGO_ENCODED_RUSTFLAGS SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
profile=${STATIC_PROFILE:-dist}
cargo build --package "$package" --bin "$program" --profile "$profile" --target "$target" --locked >&2
echo "${CARGO_TARGET_DIR:-target}/$target/${profile/#dev/debug}/$program"
