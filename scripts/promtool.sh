#!/usr/bin/env bash
# usage: scripts/promtool.sh
#
# Puts promtool, as Debian 12 packages it with Prometheus, into .cache/tools/promtool: later packages have no promtool. Does
# nothing where it is there already, or where PROMTOOL names one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ -z ${PROMTOOL:-} && ! -x .cache/tools/promtool ]] || exit 0
# shellcheck source=scripts/debian.sh
. scripts/debian.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching promtool" >&2
from_debian bookworm prometheus "$work/package"
mkdir -p .cache/tools
mv "$work/package/usr/bin/promtool" .cache/tools/promtool
