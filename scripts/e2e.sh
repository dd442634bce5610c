#!/usr/bin/env bash
# usage: scripts/e2e.sh [CARGO OPTION…]
#
# The end-to-end tests: fetches a real registry and cosign 2 and 3, and runs the tests that need them. They start and
# stop registries of their own. REGISTRY_BIN, COSIGN2 and COSIGN3 name other programs; POLICY_WASM another module.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/registry.sh
scripts/cosign.sh
export REGISTRY_BIN=${REGISTRY_BIN:-$PWD/.cache/tools/docker-registry}
export COSIGN2=${COSIGN2:-$PWD/.cache/tools/cosign2}
export COSIGN3=${COSIGN3:-$PWD/.cache/tools/cosign3}
export POLICY_WASM=${POLICY_WASM:-$PWD/policy.wasm}
# The whole workspace is named so that what `make test` compiled is used again.
cargo test --workspace --features host-harness/e2e --test e2e "$@"
