#!/usr/bin/env bash
# usage: scripts/verify.sh PUBLISHED REPOSITORY REF
#
# Verifies what scripts/publish.sh published, as docs/verify.md tells its users to: signed by the release workflow of REPOSITORY
# (owner/name) at REF (refs/tags/v0.1.0), and by nobody else. Prints name=digest of each. COSIGN names another cosign;
# VERIFY_OPTIONS instead of that identity: `--key FILE`.
set -euo pipefail
published=${1:?usage: scripts/verify.sh PUBLISHED REPOSITORY REF}
repository=${2:?usage: scripts/verify.sh PUBLISHED REPOSITORY REF}
ref=${3:?usage: scripts/verify.sh PUBLISHED REPOSITORY REF}
identity=(
  --certificate-oidc-issuer https://token.actions.githubusercontent.com
  --certificate-identity "https://github.com/$repository/.github/workflows/release.yml@$ref"
)
[[ -z ${VERIFY_OPTIONS:-} ]] || read -ra identity <<<"$VERIFY_OPTIONS"
count=0
while read -r name reference; do
  "${COSIGN:-cosign}" verify "${identity[@]}" "$reference" >/dev/null
  echo "$name=${reference#*@}"
  count=$((count + 1))
done <"$published"
((count >= 2)) || { echo "$published: expected a module and an image, found $count" >&2; exit 1; }
