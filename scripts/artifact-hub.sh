#!/usr/bin/env bash
# usage: scripts/artifact-hub.sh REMOTE BRANCH
#
# Writes what Artifact Hub reads onto BRANCH of REMOTE, with nothing else on it: whose repository it is, and for the version
# of artifacthub-pkg.yml a folder with that file and the README. Versions that are there stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
remote=${1:?usage: scripts/artifact-hub.sh REMOTE BRANCH}
branch=${2:?usage: scripts/artifact-hub.sh REMOTE BRANCH}
version=$(sed -n 's/^version: //p' artifacthub-pkg.yml)
name=$(sed -n 's/^name: //p' artifacthub-pkg.yml)
created=$(sed -n 's/^createdAt: //p' artifacthub-pkg.yml)
[[ $created != 1970-* ]] || { echo "artifacthub-pkg.yml: expected the time of the release in createdAt, got $created" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if git ls-remote --exit-code "$remote" "refs/heads/$branch" >/dev/null; then
  git clone --quiet --depth 1 --branch "$branch" "$remote" "$work/branch"
else
  git init --quiet --initial-branch "$branch" "$work/branch"
fi
mkdir -p "$work/branch/$name/$version"
cp artifacthub-repo.yml "$work/branch/"
cp artifacthub-pkg.yml README.md "$work/branch/$name/$version/"
git -C "$work/branch" add --all
git -C "$work/branch" -c user.name=release -c user.email=maintainers@signature-continuity.example \
  commit --quiet --message "$name $version"
git -C "$work/branch" push --quiet "$remote" "HEAD:refs/heads/$branch"
echo "$branch has $name $version"
