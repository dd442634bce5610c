#!/usr/bin/env bash
# usage: scripts/doc-paths.sh [FILE…]
#
# Each path of this repository that FILE (CONTRIBUTING.md, docs/design.md, docs/develop.md) names in backticks exists, and so does each
# `make` target. What has a placeholder in it (<kind>) is checked up to the placeholder's folder, and {a,b} is each of
# them. A file that names nothing at all fails, since then nothing was checked. Without FILE, each link between documents
# leads to a file too, and to a heading of it where it names one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0

# $1: a path, perhaps with one {a,b} in it
each() {
  if [[ $1 =~ ^([^{]*)\{([^}]*)\}(.*)$ ]]; then
    local before=${BASH_REMATCH[1]} after=${BASH_REMATCH[3]} part parts
    IFS=, read -ra parts <<<"${BASH_REMATCH[2]}"
    for part in "${parts[@]}"; do printf '%s\n' "$before$part$after"; done
  else
    printf '%s\n' "$1"
  fi
}

# $1: a document; $2: an anchor, as GitHub makes them of headings
has_heading() {
  sed -n 's/^##* //p' "$1" | tr -d '`' | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g' | grep -qxF -- "$2"
}

links() {
  local file link path anchor checked=0
  while IFS= read -r file; do
    while IFS= read -r link; do
      link=${link#']('} link=${link%')'}
      [[ $link != *://* && $link != mailto:* ]] || continue
      checked=$((checked + 1))
      path=${link%%#*}
      anchor=
      [[ $link != *#* ]] || anchor=${link#*#}
      [[ -n $path ]] && path=$(dirname "$file")/$path || path=$file
      if [[ ! -e $path ]]; then
        echo "$file: a link to $link, found no $path" >&2
        status=1
      elif [[ -n $anchor ]] && ! has_heading "$path" "$anchor"; then
        echo "$file: a link to $link, found no such heading" >&2
        status=1
      fi
    done < <(grep -o '](\([^) ]*\))' "$file" || true)
  done < <(find . -name '*.md' -not -path '*/target/*' -not -path './.cache/*' -not -path './.git/*')
  ((checked > 0)) || { echo "no document links to another" >&2; status=1; }
}

if (($# == 0)); then
  links
  set -- CONTRIBUTING.md docs/design.md docs/develop.md
fi
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
      */v[0-9]/*) ;; # a call of the host
      */* | *.md | *.toml)
        while IFS= read -r path; do
          [[ $path != *'<'* ]] || { path=${path%%<*}; path=${path%/*}; }
          checked=$((checked + 1))
          [[ -e $path ]] || { echo "$file: expected \`$word\`, found no $path" >&2; status=1; }
        done < <(each "$word")
        ;;
    esac
  done < <(grep -o '`[^`]*`' "$file" | tr -d '`' | sort -u)
  ((checked > 0)) || { echo "$file: names no path" >&2; status=1; }
done
exit "$status"
