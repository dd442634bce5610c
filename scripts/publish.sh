#!/usr/bin/env bash
# usage: scripts/publish.sh DIST REGISTRY
#
# Pushes what a release has in DIST below REGISTRY (such as ghcr.io/signature-continuity), signs each by its digest, and writes
# name and reference of each into DIST/published.txt:
#   policy.wasm                the annotated module, by kwctl where there is one
#   image/                     what scripts/image.sh writes; the bills of materials become attestations
#   *.tgz                      charts, by helm; HELM names another
# COSIGN names another cosign. COSIGN_OPTIONS are its options: none is keyless, by the identity of whoever runs this;
# `--key FILE` is by a key. PUSH_OPTIONS=--plain-http is for a registry on this machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dist=${1:?usage: scripts/publish.sh DIST REGISTRY}
registry=${2:?usage: scripts/publish.sh DIST REGISTRY}
cosign=${COSIGN:-cosign}
release=${RELEASE_PROGRAM:-$root/${CARGO_TARGET_DIR:-target}/debug/continuity-release}
read -ra push_options <<<"${PUSH_OPTIONS:-}"
read -ra cosign_options <<<"${COSIGN_OPTIONS:-}"
version=$("$root/scripts/versions.sh")
command -v "$cosign" >/dev/null || { echo "expected cosign, to sign what is pushed" >&2; exit 1; }
[[ -e $dist/policy.wasm && -e $dist/image/digest ]] || { echo "expected policy.wasm and image/ in $dist" >&2; exit 1; }

# What Kubewarden's hosts verify today: cosign 3 makes bundles unless it is told.
# $1: the command
old_format() {
  local help flag
  help=$("$cosign" "$1" --help 2>&1)
  for flag in --new-bundle-format --use-signing-config; do
    [[ $help != *"$flag"* ]] || printf '%s\n' "$flag=false"
  done
}
mapfile -t sign_options < <(old_format sign)
mapfile -t attest_options < <(old_format attest)
published=
# $1: what it is; $2: its reference by digest
sign() {
  [[ $2 =~ @sha256:[0-9a-f]{64}$ ]] || { echo "expected a reference by digest for the $1, got \`$2\`" >&2; exit 1; }
  "$cosign" sign --yes --recursive "${sign_options[@]}" "${cosign_options[@]}" "$2" >&2
  published+="$1 $2"$'\n'
}

module=$registry/signature-continuity:v$version
if command -v kwctl >/dev/null && ((${#push_options[@]} == 0)); then
  reference=$(kwctl push --output json "$dist/policy.wasm" "registry://$module" | sed -nE 's/.*"immutable_ref": *"(registry:\/\/)?([^"]*)".*/\2/p')
else
  reference=$("$release" push-module "${push_options[@]}" "$dist/policy.wasm" "$module")
fi
sign module "$reference"

reference=$("$release" push "${push_options[@]}" "$dist/image/layout" "$registry/continuity:v$version")
[[ ${reference#*@} == "$(<"$dist/image/digest")" ]] || { echo "the registry has another image than $dist/image: $reference" >&2; exit 1; }
sign image "$reference"
for bill in "$dist"/image/sbom-*.cdx.json; do
  "$cosign" attest --yes --type cyclonedx --predicate "$bill" "${attest_options[@]}" "${cosign_options[@]}" "$reference" >&2
done

for chart in "$dist"/*.tgz; do
  [[ -e $chart ]] || continue
  digest=$("${HELM:-helm}" push "$chart" "oci://$registry/charts" 2>&1 | tee /dev/stderr | sed -n 's/^Digest: *//p')
  name=$(basename "$chart" ".tgz")
  sign chart "$registry/charts/${name%-"$version"}@$digest"
done
printf '%s' "$published" | tee "$dist/published.txt"
