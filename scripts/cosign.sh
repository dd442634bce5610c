#!/usr/bin/env bash
# usage: scripts/cosign.sh
#
# Puts cosign 2 and cosign 3, as Debian packages them, into .cache/tools/cosign2 and .cache/tools/cosign3. They write
# different things into a registry: a `.sig` tag the one, a bundle as a referrer the other. Does nothing for a program
# that is there already, or that COSIGN2 or COSIGN3 names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/debian.sh
. scripts/debian.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p .cache/tools

# $1: the program's name here; $2: a path given by the caller, or nothing; $3: Debian's suite that has it; $4: its major version
fetch() {
  [[ -n $2 || -x .cache/tools/$1 ]] && return
  echo "fetching $1" >&2
  local version
  version=$(debian_versions "$3" cosign | grep -m1 "^$4\\." || true)
  [[ -n $version ]] || { echo "Debian $3 has no cosign $4: name one in ${1^^}" >&2; exit 1; }
  from_debian "$3" "cosign=$version" "$work/$1"
  mv "$work/$1/usr/bin/cosign" ".cache/tools/$1"
}
fetch cosign2 "${COSIGN2:-}" trixie 2
fetch cosign3 "${COSIGN3:-}" sid 3
