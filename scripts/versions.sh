#!/usr/bin/env bash
# usage: scripts/versions.sh [VERSION]
#
# Fails unless every file that names the project's version names the same one (and VERSION, where it is given), and
# prints it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(sed -n '/^\[workspace\.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[[ -n $version ]] || { echo "Cargo.toml: expected a version in [workspace.package], got none" >&2; exit 1; }
status=0
# $1: where; $2: the version there
same() {
  [[ $2 == "$version" ]] && return
  echo "$1: expected version $version, as in Cargo.toml, got ${2:-none}" >&2
  status=1
}
same metadata.yml "$(sed -n 's/^ *io\.kubewarden\.policy\.version: *//p' metadata.yml)"
same artifacthub-pkg.yml "$(sed -n 's/^version: *//p' artifacthub-pkg.yml)"
same "artifacthub-pkg.yml: image" "$(sed -n 's/^ *image: .*:v//p' artifacthub-pkg.yml)"
same "artifacthub-pkg.yml: policy link" "$(sed -n 's|.*/releases/download/v\(.*\)/policy\.wasm$|\1|p' artifacthub-pkg.yml)"
chart=deploy/charts/signature-continuity/Chart.yaml
same "$chart: version" "$(sed -n 's/^version: *//p' $chart)"
same "$chart: appVersion" "$(sed -n 's/^appVersion: *//p' $chart)"
# Each mention, once: modules and images of the manifests, and the overlay that deploy/README.md shows.
for named in $(grep --recursive --no-filename --only-matching --extended-regexp \
  '(signature-continuity/(signature-continuity|continuity):v|\?ref=v)[0-9][^@ "`]*' deploy | sed 's/.*[:=]v//' | sort -u); do
  same "deploy/: a module, an image or a ref" "$named"
done
(($# == 0)) || same "the release's tag" "$1"
((status == 0)) && echo "$version"
exit "$status"
