# The one door. `make help` lists what it opens.

PYTHON ?= python3
LOCAL := $(PYTHON) -m infra.local $(if $(ENDPOINT),--endpoint $(ENDPOINT))
VENVS := .local/venvs
export ARCHITECTURE ?= x86_64
export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

.DEFAULT_GOAL := help
.PHONY: help demo up down logs redrive restore test check advisories bench chaos iam load large rush scale fmt deploy .rust .stacks

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: ## package the sample movie on the local AWS (FILE=path.mp4, PORT=..., ENDPOINT=http://...)
	@$(LOCAL) demo $(if $(PORT),--port $(PORT)) $(if $(FILE),"$(FILE)")

up: ## start the local AWS and deploy the template
	@$(LOCAL) up $(if $(PORT),--port $(PORT))

down: ## stop the local AWS
	@$(LOCAL) down

logs: ## print what the functions logged
	@$(LOCAL) logs $(FUNCTION)

redrive: ## list what was given up on; with YES=1, put it back to work (STACK=name: on AWS)
	@$(LOCAL) redrive $(if $(YES),--yes) $(if $(STACK),--stack $(STACK))

restore: ## put what TABLE, a restored table, has into the table of the stack, where it is missing (STACK=name: on AWS)
	@$(LOCAL) restore $(if $(STACK),--stack $(STACK)) "$(TABLE)"

test: ## run every test
	@$(LOCAL) setup
	@cargo build --release --workspace --bins
	@$(MAKE) --no-print-directory --jobs=2 .rust .stacks
	@$(LOCAL) browser

.rust:
	@cargo test --release --workspace

# Most of their time they wait for queues, so they stand beside the others.
.stacks:
	@$(VENVS)/emulator/bin/python -m unittest discover --start-directory infra/tests --top-level-directory .

check: ## formats, lints, layering, instruction counts, template, dependencies
	@$(LOCAL) setup --supply
	@cargo fmt --check
	@cargo clippy --quiet --workspace --all-targets --release -- -D warnings
	@$(PYTHON) infra/layering.py
	@$(PYTHON) -m infra.instructions
	@$(VENVS)/sam/bin/cfn-lint template.yaml
	@$(VENVS)/sam/bin/sam validate --lint >/dev/null
	@$(VENVS)/supply/bin/checkov --config-file infra/checkov.yaml
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --locked --all-features check --hide-inclusion-graph bans licenses sources
	@$(VENVS)/sam/bin/ruff check --quiet infra
	@$(VENVS)/sam/bin/ruff format --quiet --check infra
	@echo "check: all is well"

advisories: ## look for known vulnerabilities of the dependencies, which takes the network
	@$(LOCAL) setup --supply
	@PATH="$(CURDIR)/$(VENVS)/supply/bin:$$PATH" cargo deny --locked --all-features check --hide-inclusion-graph advisories

bench: ## package big movies with this engine and its peers, interleaved, and print the ratios (ROUNDS=5)
	@$(PYTHON) -m infra.bench $(if $(ROUNDS),--rounds $(ROUNDS))

chaos: ## kill, throttle, break, delay, repeat and replace while 200 packages are made (PACKAGES=200 SEED=1)
	@$(LOCAL) chaos $(if $(PACKAGES),--packages $(PACKAGES)) $(if $(SEED),--seed $(SEED))

iam: ## take each permission of each function's role away in turn, and see that something fails (EVERY=1)
	@$(LOCAL) iam $(if $(EVERY),--every $(EVERY))

load: ## call the API of the local AWS from 50 callers for a minute, and print the percentiles
	@$(LOCAL) load

large: ## package 2 GiB on the local AWS, and 10 MB behind it, and hold the functions to their bounds
	@$(LOCAL) large

rush: ## put 500 small files into a local stack at once: queues, latencies, memory, to target/rush (FILES=...)
	@$(LOCAL) rush $(if $(FILES),--files $(FILES))

scale: ## run the pipeline on a model of AWS: time to Ready, queues and cost, to target/scale
	@cargo run --quiet --release -p vpp-scale -- target/scale

fmt: ## format Rust and Python
	@$(LOCAL) setup
	@cargo fmt
	@$(VENVS)/sam/bin/ruff format --quiet infra

# Small functions start sooner. One unit and the linker's optimiser take their time, so nothing else is built like this.
deploy: export CARGO_PROFILE_RELEASE_OPT_LEVEL = s
deploy: export CARGO_PROFILE_RELEASE_LTO = fat
deploy: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS = 1
deploy: export CARGO_PROFILE_RELEASE_STRIP = symbols
deploy: ## build for AWS and deploy to your account, asking for the parameters (ARCHITECTURE=arm64)
	@$(LOCAL) setup --cross
	@PATH="$(CURDIR)/$(VENVS)/cross/bin:$$PATH" $(VENVS)/sam/bin/sam build --parameter-overrides Architecture=$(ARCHITECTURE)
	@$(VENVS)/sam/bin/sam deploy --guided --parameter-overrides Architecture=$(ARCHITECTURE)
