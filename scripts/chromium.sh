#!/usr/bin/env bash
# usage: scripts/chromium.sh   puts a headless Chromium into .cache/tools/chromium/run
#
# For the tests of the inventory's page. A browser that is installed is used; otherwise Debian's is fetched by the
# machine's own apt, with the libraries that the machine lacks, and unpacked without being installed. CHROMIUM names
# another browser.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/.cache/tools/chromium
[[ -x $target/run && ${CHROMIUM:-$target/run} == "$target/run" ]] && exit 0

start_with() { # COMMAND LINE…
  mkdir -p "$target"
  printf '#!/bin/sh\n%s "$@"\n' "$*" >"$target/run.new"
  chmod +x "$target/run.new"
  mv "$target/run.new" "$target/run"
}

for installed in "${CHROMIUM:-}" chromium chromium-headless-shell google-chrome google-chrome-stable; do
  if [[ -n $installed ]] && browser=$(command -v "$installed"); then
    start_with "exec '$browser' --headless"
    exit 0
  fi
done

command -v apt-get >/dev/null || { echo "there is no Chromium; name one with CHROMIUM" >&2; exit 1; }
echo "fetching chromium" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/archives/partial"
fetch() {
  apt-get -qq -o Debug::NoLocking=1 -o "Dir::Cache::archives=$work/archives" -o APT::Sandbox::User= -o Acquire::Retries=3 \
    install --download-only --no-install-recommends --yes chromium-headless-shell fonts-inter >/dev/null
}
# Lists that are older than the mirror's packages name files that are gone: apt keeps them up to date, if it may.
fetch || { apt-get -qq update && fetch; }
rm -rf "$target"
mkdir -p "$target/root"
for package in "$work"/archives/*.deb; do
  dpkg-deb --extract "$package" "$target/root"
done
browser=$(find "$target/root" -name chromium-headless-shell -type f -size +1M -print -quit)
[[ -n $browser ]] || { echo "Debian's package has no chromium-headless-shell" >&2; exit 1; }
libraries=$(find "$target/root/usr/lib" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
# Fonts are looked for where data of the user's is.
start_with "LD_LIBRARY_PATH='$libraries' XDG_DATA_HOME='$target/root/usr/share' exec '$browser' --headless"
