#!/usr/bin/env bash
# usage: scripts/e2e.sh [CARGO OPTION…]
#
# The end-to-end tests: fetches a real registry, cosign 2 and 3, a browser, kubectl, helm and promtool, builds a real
# Kubernetes API server and controller manager, and runs the tests that need them. They start and stop servers of their
# own. REGISTRY_BIN, COSIGN2, COSIGN3, CHROMIUM, ETCD_BIN, KUBE_APISERVER_BIN, KUBE_CONTROLLER_MANAGER_BIN, KUBECTL, HELM
# and PROMTOOL name other programs; POLICY_WASM another module. SCREENSHOTS names a directory for
# pictures of the inventory's page. Where there is a kwctl (KWCTL, or on PATH) the same evaluations run through it, and answers
# and sessions are compared; KWCTL_HOST (1.35 or 1.36) says with which generation's libraries it was built, where its version
# does not. Where there is a policy-server (POLICY_SERVER, or on PATH) the API server's tests run with it as well as with
# `continuity-harness serve`, and the answers of the two are compared.
# STATIC_PROGRAM names a `continuity` without libraries for the image; else one is built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/registry.sh
scripts/cosign.sh
scripts/chromium.sh
scripts/kube-apiserver.sh
scripts/kubectl.sh
scripts/promtool.sh
export REGISTRY_BIN=${REGISTRY_BIN:-$PWD/.cache/tools/docker-registry}
export COSIGN2=${COSIGN2:-$PWD/.cache/tools/cosign2}
export COSIGN3=${COSIGN3:-$PWD/.cache/tools/cosign3}
export CHROMIUM=${CHROMIUM:-$PWD/.cache/tools/chromium/run}
export ETCD_BIN=${ETCD_BIN:-$PWD/.cache/tools/etcd}
export KUBE_APISERVER_BIN=${KUBE_APISERVER_BIN:-$PWD/.cache/tools/kube-apiserver}
export KUBE_CONTROLLER_MANAGER_BIN=${KUBE_CONTROLLER_MANAGER_BIN:-$PWD/.cache/tools/kube-controller-manager}
export KUBECTL=${KUBECTL:-$PWD/.cache/tools/kubectl}
export HELM=${HELM:-$PWD/.cache/tools/helm}
export PROMTOOL=${PROMTOOL:-$PWD/.cache/tools/promtool}
export POLICY_WASM=${POLICY_WASM:-$PWD/policy.wasm}
# Some tests call the program `continuity`.
cargo build --workspace --bins "$@"
# The real one has its turn below.
policy_server=${POLICY_SERVER:-$(command -v policy-server || true)}
unset POLICY_SERVER
# The whole workspace is named so that what `make test` compiled is used again.
cargo test --workspace --features host-harness/e2e --test e2e "$@"

# Of the real program, unoptimised: what is asked is whether it can be shipped and run, not how fast it is.
status=0
program=${STATIC_PROGRAM:-$(STATIC_PROFILE=dev CARGO_PROFILE_DEV_DEBUG=false CARGO_PROFILE_DEV_STRIP=symbols \
  scripts/static.sh amd64)} || status=$?
if ((status == 0)); then
  # Tests run in their crate's folder.
  STATIC_PROGRAM=$(realpath "$program") cargo test --workspace --features host-harness/e2e --test e2e "$@" -- --ignored release::static_program
elif ((status == 3)); then
  echo "the image was not tried: no program for it can be built here" >&2
else
  exit "$status"
fi

if kwctl=${KWCTL:-$(command -v kwctl)}; then
  KWCTL=$kwctl cargo test --workspace --features host-harness/e2e --test e2e "$@" -- --ignored kwctl::
else
  echo "kwctl is not on PATH: the comparison with the real host was not made" >&2
fi

if [[ -n $policy_server ]]; then
  POLICY_SERVER=$policy_server cargo test --workspace --features host-harness/e2e --test e2e "$@" -- \
    --include-ignored policy_server_answers:: serving:: documented::
else
  echo "policy-server is not on PATH: the comparison with it was not made" >&2
fi
