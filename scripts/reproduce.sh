#!/usr/bin/env bash
# usage: scripts/reproduce.sh module          builds the annotated module of the commit in another folder
#        scripts/reproduce.sh image [ARCH…]   builds the image of the commit in another folder
#
# Fails unless what comes out has the bytes of what is here: annotated-policy.wasm, or the image in target/image. Takes as
# long as building from nothing does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
here=$PWD
what=${1:-}
shift || true
[[ -z $(git status --porcelain) ]] || { echo "expected no changes beside the commit, since those are not built again" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet --no-hardlinks . "$work/elsewhere"
# Tools have versions of their own; what is compared is what they make.
[[ ! -d .cache/tools ]] || { mkdir -p "$work/elsewhere/.cache" && ln -s "$here/.cache/tools" "$work/elsewhere/.cache/tools"; }

# $1: what it is; $2, $3: what it is here and there
same() {
  [[ $2 == "$3" ]] || { echo "$1 differs: $2 here, $3 when it was built again" >&2; exit 1; }
  echo "$1 was built twice, in two folders: $2"
}
case $what in
  module)
    [[ -e annotated-policy.wasm ]] || { echo "expected annotated-policy.wasm: make annotated-policy.wasm" >&2; exit 1; }
    (cd "$work/elsewhere" && env -u CARGO_TARGET_DIR -u POLICY_WASM make policy.wasm >&2)
    # By what annotated the one that is here.
    annotate=("${CARGO_TARGET_DIR:-target}/debug/continuity-harness")
    ! command -v kwctl >/dev/null || annotate=(kwctl)
    "${annotate[@]}" annotate --metadata-path metadata.yml --usage-path README.md \
      --output-path "$work/annotated-policy.wasm" "$work/elsewhere/policy.wasm"
    same "the module" "sha256:$(sha256sum <annotated-policy.wasm | cut -d' ' -f1)" \
      "sha256:$(sha256sum <"$work/annotated-policy.wasm" | cut -d' ' -f1)"
    ;;
  image)
    digest=${CARGO_TARGET_DIR:-target}/image/digest
    [[ -e $digest ]] || { echo "expected an image in ${digest%/digest}: make image" >&2; exit 1; }
    there=$(cd "$work/elsewhere" && env -u CARGO_TARGET_DIR scripts/image.sh "$@")
    same "the image" "$(<"$digest")" "$there"
    ;;
  *) sed -n '2,6 s/^# \?//p' "$0" >&2; exit 2 ;;
esac
