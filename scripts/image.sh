#!/usr/bin/env bash
# usage: scripts/image.sh [ARCH…]
#
# The operators' image, from scratch and without a daemon: an OCI layout in target/image/layout, its digest beside it, a bill
# of materials for each platform, the licenses. Each ARCH (amd64, arm64) that is named has to be built; without any, those
# that this machine can build are. The same commit gives the same digest, wherever it is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target_dir=${CARGO_TARGET_DIR:-target}
revision=$(git rev-parse HEAD)
created=$(git log -1 --format=%ct)
[[ -z $(git status --porcelain) ]] || echo "warning: the image says that it is of commit $revision, and there are changes beside it" >&2

asked=("$@")
(($# > 0)) || set -- amd64 arm64
programs=()
for arch; do
  status=0
  program=$(SOURCE_DATE_EPOCH=$created scripts/static.sh "$arch") || status=$?
  if ((status == 0)); then
    programs+=(--program "$arch=$program")
  elif ((status != 3 || ${#asked[@]} > 0)); then
    echo "the image was not built: no program for $arch" >&2
    exit 1
  fi
done
((${#programs[@]} > 0)) || { echo "the image was not built: no program for any platform" >&2; exit 1; }
# The very same flags as for everything else, so that it is not compiled again.
cargo build --quiet --package continuity-release --locked
"$target_dir/debug/continuity-release" image "${programs[@]}" --revision "$revision" --created "$created" \
  --output "$target_dir/image"
