#!/usr/bin/env bash
# usage: scripts/deploy.sh                              renders each overlay of deploy/ into deploy/rendered
#        scripts/deploy.sh --check                      fails where deploy/rendered is not what the overlays say
#        scripts/deploy.sh OUT MODULE_DIGEST IMAGE_DIGEST   renders into OUT, with module and image by digest: for a release
#
# Digests (sha256:…) are known once module and image are published, so those of the repository name a version alone. KUBECTL
# names another kubectl, whose kustomize renders.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/kubectl.sh
kubectl=${KUBECTL:-$PWD/.cache/tools/kubectl}
module=registry://ghcr.io/signature-continuity/signature-continuity
image=ghcr.io/signature-continuity/continuity

render() { # DIRECTORY [MODULE_DIGEST IMAGE_DIGEST]
  local overlay name
  mkdir -p "$1"
  for overlay in deploy/overlays/*/; do
    name=$(basename "$overlay")
    {
      echo "# Rendered from deploy/overlays/$name by \`make deploy\`: change that, not this."
      "$kubectl" kustomize "$overlay"
    } >"$1/$name.yaml"
    (($# == 1)) || sed -i -E "s|^( *module: $module:v[^@]*)$|\1@$2|; s|^( *image: $image:v[^@]*)$|\1@$3|" "$1/$name.yaml"
  done
}

case $#:${1:-} in
  0:) render deploy/rendered ;;
  1:--check)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    render "$work"
    diff --recursive --unified=1 deploy/rendered "$work" ||
      { echo "deploy/rendered is not what the overlays say: make deploy" >&2; exit 1; }
    ;;
  3:*)
    for digest in "$2" "$3"; do
      [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "expected a digest (sha256: and 64 hex), got $digest" >&2; exit 2; }
    done
    render "$1" "$2" "$3"
    ;;
  *) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
