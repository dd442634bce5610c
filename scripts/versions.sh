#!/usr/bin/env bash
# usage: scripts/versions.sh                   fails unless every place that names the project's version names the same
#                                              one, and prints it
#        scripts/versions.sh --release VERSION   and that is VERSION, of which the changelog has a section
#        scripts/versions.sh --raise VERSION     writes VERSION into all of them, and begins its section in the changelog
#
# The places: the workspace and both lock files, the module's metadata, what Artifact Hub reads, the chart, and wherever
# README.md, docs/ or deploy/ name something that a release publishes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
number='(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?'
published='ghcr\.io/signature-continuity/[a-z0-9._/-]+'

# What stands before the version in a file: an extended regular expression. A place that is needed and is not there is
# a fault, since then nobody would notice that it was not raised.
places() {
  local file
  place() { printf '%s\t%s\t%s\n' "$@"; }
  place needed metadata.yml '^  io\.kubewarden\.policy\.version: '
  place needed artifacthub-pkg.yml '^version: '
  place needed artifacthub-pkg.yml 'releases/download/v'
  while IFS= read -r file; do
    case $file in
      deploy/*/Chart.yaml)
        place needed "$file" '^version: "?'
        place needed "$file" '^appVersion: "?v?'
        ;;
    esac
    place perhaps "$file" '\?ref=v'
    place perhaps "$file" "$published:v"
    place perhaps "$file" "$published .*--version v?"
    place perhaps "$file" 'signature-continuity/\.github/workflows/release\.yml@refs/tags/v'
    place perhaps "$file" '^\$ git checkout v'
    place perhaps "$file" 'signature-continuity//deploy/[a-z/-]+\?ref=v'
    place perhaps "$file" '^ *(newTag|tag): "?v'
    place perhaps "$file" 'app\.kubernetes\.io/version: "?v?'
    place perhaps "$file" 'helm\.sh/chart: "?[a-z-]+-'
  done < <(find README.md artifacthub-pkg.yml docs deploy -type f -exec grep -lIE "$number" {} + | LC_ALL=C sort)
}

in_workspace() { sed -nE '/^\[workspace\.package\]/,/^\[/ s/^version = "(.*)"$/\1/p' Cargo.toml; }

# $1: a lock file; prints name and version of each package that is of no registry: ours.
in_lock() {
  awk -F'"' '/^\[\[package\]\]/ { print_it() } /^name = / { name = $2 } /^version = / { version = $2 } /^source = / { name = "" }
    END { print_it() } function print_it() { if (name != "") print name, version; name = "" }' "$1" |
    grep -v '^signature-continuity-fuzz ' || true
}

check() {
  local version status=0 needed file before found lock name there
  version=$(in_workspace)
  [[ $version =~ ^$number$ ]] || { echo "Cargo.toml: expected a version in [workspace.package], got ${version:-none}" >&2; return 1; }
  # $1: where; $2: the version there
  same() {
    [[ $2 == "$version" ]] && return
    echo "$1: expected version $version, as in Cargo.toml, got ${2:-none}" >&2
    status=1
  }
  for lock in Cargo.lock fuzz/Cargo.lock; do
    while read -r name there; do same "$lock: $name" "$there"; done < <(in_lock "$lock")
  done
  while IFS=$'\t' read -r needed file before; do
    mapfile -t found < <(grep -oE -- "$before$number" "$file" | sed -E "s~^($before)~~" | sort -u)
    if ((${#found[@]} == 0)); then
      [[ $needed == perhaps ]] || same "$file" ""
    else
      for there in "${found[@]}"; do same "$file" "$there"; done
    fi
  done < <(places)
  if (($# > 0)); then
    same "the release's tag" "$1"
    grep -qE "^## ${1//./\\.}( |\$)" CHANGELOG.md || { echo "CHANGELOG.md: expected a section \`## $1\`: make version VERSION=$1" >&2; status=1; }
  fi
  ((status == 0)) && echo "$version"
  return "$status"
}

raise() {
  local new=$1 old file before needed pattern
  [[ $new =~ ^$number$ ]] || { echo "expected a version such as 0.2.0 or 0.2.0-rc.1, without v, got \`$new\`" >&2; return 2; }
  old=$(check) || { echo "nothing was changed: the places above have to agree first" >&2; return 1; }
  # A pre-release comes before its release; `sort` knows that of `~`.
  if [[ $(printf '%s\n' "${old/-/\~}" "${new/-/\~}" | sort -V | tail -n 1) != "${new/-/\~}" ]]; then
    echo "expected a version above $old, which is what the files name, got $new" >&2
    return 1
  fi
  pattern=${old//./\\.}
  sed -i -E "/^\[workspace\.package\]/,/^\[/ s/^version = \"$pattern\"\$/version = \"$new\"/" Cargo.toml
  for file in Cargo.lock fuzz/Cargo.lock; do
    while read -r name _; do
      sed -i "/^name = \"$name\"\$/ { n; s/^version = \"$pattern\"\$/version = \"$new\"/ }" "$file"
    done < <(in_lock "$file")
  done
  while IFS=$'\t' read -r needed file before; do
    sed -i -E "s~($before)$pattern([^0-9A-Za-z.+-]|\.?\$|\.[^0-9A-Za-z])~\1$new\\$(($(tr -cd '(' <<<"$before" | wc -c) + 2))~g" "$file"
  done < <(places)
  if ! grep -qE "^## ${new//./\\.}( |\$)" CHANGELOG.md; then
    grep -qx '## Unreleased' CHANGELOG.md || { echo "CHANGELOG.md: expected a section \`## Unreleased\`" >&2; return 1; }
    # What was unreleased is what this version brings.
    sed -i "s/^## Unreleased\$/## Unreleased\n\n## $new/" CHANGELOG.md
  fi
  check "$new" >/dev/null || return 1
  echo "raised $old to $new; read the difference, and complete its section in CHANGELOG.md"
}

case ${1:-} in
  '') check ;;
  --release) check "${2:?expected a version}" ;;
  --raise) raise "${2:-}" ;;
  *) sed -n '2,6 s/^# \?//p' "$0" >&2; exit 2 ;;
esac
