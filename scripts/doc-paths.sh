#!/usr/bin/env bash
# usage: scripts/doc-paths.sh [FILE…]
#
# Each path of this repository that FILE (CONTRIBUTING.md) names in backticks exists, and so does each
# `make` target. What has a placeholder in it (<kind>) is checked up to the placeholder's folder. A file that names
# nothing at all fails, since then nothing was checked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
(($# > 0)) || set -- CONTRIBUTING.md
status=0
for file in "$@"; do
  checked=0
  while IFS= read -r word; do
    case $word in
      'make '*)
        target=${word#make } target=${target%% *}
        checked=$((checked + 1))
        grep -q "^$target:" Makefile || { echo "$file: no target for \`$word\`" >&2; status=1; }
        ;;
      *[[:space:]]* | *://*) ;;
      */* | *.md | *.toml)
        path=$word
        [[ $path != *'<'* ]] || { path=${path%%<*}; path=${path%/*}; }
        checked=$((checked + 1))
        [[ -e $path ]] || { echo "$file: expected \`$word\`, found no $path" >&2; status=1; }
        ;;
    esac
  done < <(grep -o '`[^`]*`' "$file" | tr -d '`' | sort -u)
  ((checked > 0)) || { echo "$file: names no path" >&2; status=1; }
done
exit "$status"
