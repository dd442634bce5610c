#!/usr/bin/env bash
# usage: scripts/registry.sh                  puts Debian's docker-registry into .cache/tools/docker-registry
#        scripts/registry.sh COMMAND [ARG…]   and runs COMMAND with an empty registry at $REGISTRY (host:port)
#
# The registry listens on a free port of the loopback, lets anybody push and delete, keeps everything in a directory of
# its own, and is gone when COMMAND ends. REGISTRY_BIN names another registry program.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${REGISTRY_BIN:-$root/.cache/tools/docker-registry}
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

if [[ ! -x $program ]]; then
  echo "fetching docker-registry" >&2
  # shellcheck source=scripts/debian.sh
  . "$root/scripts/debian.sh"
  from_debian trixie docker-registry "$work/package"
  mkdir -p "$(dirname "$program")"
  mv "$work/package/usr/bin/docker-registry" "$program"
fi
(($# > 0)) || exit 0

cat >"$work/config.yml" <<YAML
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $work/data}
  delete: {enabled: true}
http: {addr: "127.0.0.1:0"}
YAML
"$program" serve "$work/config.yml" >"$work/log" 2>&1 &
server=$!
address=
for _ in {1..100}; do
  address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/log" | head -n 1)
  [[ -n $address ]] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
[[ -n $address ]] || { cat "$work/log" >&2; echo "the registry did not start" >&2; exit 1; }
REGISTRY=$address "$@"
