# Entry point of all development tasks. `make help` lists the targets.

PYTHON ?= python3
LOCAL := $(PYTHON) -m infra.local $(if $(ENDPOINT),--endpoint $(ENDPOINT))
VENVS := .local/venvs
export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

.DEFAULT_GOAL := help
.PHONY: help demo up down env images logs redrive restore adopt test check advisories bench chaos iam load large instant burst scale fuzz fmt hashes deploy .rust-tests .infra-tests

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: ## package the sample movie on a local stack (FILE=path.mp4, PORT=..., ENDPOINT=http://...)
	@$(LOCAL) demo $(if $(PORT),--port $(PORT)) $(if $(FILE),"$(FILE)")

up: ## start a local stack and deploy the template
	@$(LOCAL) up $(if $(PORT),--port $(PORT))

down: ## stop the local stack
	@$(LOCAL) down

env: ## print shell variables that connect vpp, curl and aws to the local stack: eval "$(make -s env)"
	@$(LOCAL) env --shell

images: ## create the images of README.md: the web console and the command line
	@$(LOCAL) images

logs: ## print the functions' logs (FUNCTION=name)
	@$(LOCAL) logs $(FUNCTION)

redrive: ## list dead-lettered work; with YES=1, redrive it (STACK=name: on AWS)
	@$(LOCAL) redrive $(if $(YES),--yes) $(if $(STACK),--stack $(STACK))

restore: ## copy missing items of the restored table TABLE into the stack's table (STACK=name: on AWS)
	@$(LOCAL) restore $(if $(STACK),--stack $(STACK)) "$(TABLE)"

adopt: ## import the buckets and the table TABLE of a deleted stack, before it is deployed again (STACK=name: on AWS)
	@$(LOCAL) adopt $(if $(STACK),--stack $(STACK)) "$(TABLE)"

test: ## run all tests
	@$(LOCAL) setup --test
	@cargo build --release --workspace --bins
	@$(MAKE) --no-print-directory --jobs=2 .rust-tests .infra-tests
	@$(LOCAL) browser

.rust-tests:
	@cargo test --release --workspace

# These tests mostly wait for queues, so they run in parallel with the Rust tests.
.infra-tests:
	@$(VENVS)/emulator/bin/python -m unittest discover --start-directory infra/tests --top-level-directory .

check: ## check formatting, lints, layering, instruction counts, template and dependencies
	@$(LOCAL) setup --supply
	@cargo fmt --check
	@cargo clippy --quiet --workspace --all-targets --release -- -D warnings
	@cargo clippy --quiet --package vpp-web --target wasm32-unknown-unknown -- -D warnings
	@$(PYTHON) infra/layering.py
	@$(PYTHON) -m infra.template_rules
	@$(PYTHON) -m infra.import_cycles
	@$(PYTHON) -m infra.instructions
	@$(PYTHON) -m infra.growth
	@$(VENVS)/sam/bin/cfn-lint template.yaml
	@$(VENVS)/sam/bin/sam validate --lint >/dev/null
	@$(VENVS)/supply/bin/checkov --config-file infra/checkov.yaml
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --locked --all-features check --hide-inclusion-graph bans licenses sources
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --log-level error --locked --manifest-path layers/console/bindgen/Cargo.toml check --hide-inclusion-graph bans licenses sources
	@$(VENVS)/sam/bin/ruff check --quiet infra
	@$(VENVS)/sam/bin/ruff format --quiet --check infra
	@echo "check: passed"

advisories: ## check the dependencies for known vulnerabilities (needs the network)
	@$(LOCAL) setup --supply
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --locked --all-features check --hide-inclusion-graph advisories
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --log-level error --locked --manifest-path layers/console/bindgen/Cargo.toml check --hide-inclusion-graph advisories

bench: ## benchmark the engine against other packagers (ROUNDS=5)
	@$(PYTHON) -m infra.bench $(if $(ROUNDS),--rounds $(ROUNDS))

chaos: ## create packages under injected faults and verify the output (PACKAGES=200 SEED=1)
	@$(LOCAL) chaos $(if $(PACKAGES),--packages $(PACKAGES)) $(if $(SEED),--seed $(SEED))

iam: ## remove each permission of each role in turn and expect a failure (EVERY=1)
	@$(LOCAL) iam $(if $(EVERY),--every $(EVERY))

load: ## load-test the local API with 50 clients for a minute
	@$(LOCAL) load

large: ## package 2 GiB and 10 MB locally and check memory bounds
	@$(LOCAL) large

instant: ## play movies in a browser as soon as they are uploaded, and print how soon
	@$(LOCAL) instant

burst: ## upload 500 small files in parallel and plot queues, latencies, memory to target/burst (FILES=500)
	@$(LOCAL) burst $(if $(FILES),--files $(FILES))

scale: ## simulate the pipeline on a model of AWS and plot time, queues and cost to target/scale
	@cargo run --quiet --release -p vpp-scale -- target/scale

fuzz: ## process damaged files; continues an earlier run (CASES=10000000)
	@mkdir -p target/fuzz
	@cargo run --quiet --release --workspace --example fuzz -- $(or $(CASES),10000000) target/fuzz/done-$$(git describe --always --dirty)

fmt: ## format Rust and Python
	@$(LOCAL) setup
	@cargo fmt
	@$(VENVS)/sam/bin/ruff format --quiet infra

hashes: ## write the hashes of the pinned Python packages into the requirements files (needs the network)
	@$(LOCAL) hashes

# Smaller executables have shorter cold starts. These options make the build slow, so only deployments use them.
deploy: export CARGO_PROFILE_RELEASE_OPT_LEVEL = s
deploy: export CARGO_PROFILE_RELEASE_LTO = fat
deploy: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS = 1
deploy: export CARGO_PROFILE_RELEASE_STRIP = symbols
deploy: ## build and deploy to your AWS account, with prompts for the parameters (ARCHITECTURE=arm64)
	@$(LOCAL) setup --cross
	@PATH="$(CURDIR)/$(VENVS)/cross/bin:$(CURDIR)/$(VENVS)/sam/bin:$$PATH" $(VENVS)/sam/bin/python -m infra.account_deploy $(if $(ARCHITECTURE),--architecture $(ARCHITECTURE))
