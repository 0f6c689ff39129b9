# Everything that is done with Tidings, by name. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A binary is the same wherever and in whatever checkout it is built.
export GOFLAGS := -buildvcs=false $(GOFLAGS)

TEMPL := go tool templ
LINT  := go tool -modfile=tools/go.mod golangci-lint
# One Postgres for all tests of a run, stopped after them.
WITHPG := go run ./internal/devpg/withpg --

# `make bench dispatch`: the words after bench are what to measure.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BENCH := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval .PHONY: $(BENCH))
$(eval $(BENCH):;@:)
endif

.PHONY: help run dev build test torture mutants interop check fmt generate bench

help: ## List what can be done
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | while IFS=$$'\t' read -r name what; do printf '  make %-9s %s\n' "$$name" "$$what"; done

run: build ## Start Tidings on this computer, with everything it needs (ARGS="--listen :9000")
	@.bin/tidings dev $(ARGS)

dev: ## The same, started again at every change; open http://127.0.0.1:7331
	$(TEMPL) generate --watch --proxy=http://127.0.0.1:8080 --proxyport=7331 --open-browser=false --cmd="go run ./cmd/tidings dev"

build: ## Build the programs into .bin
	@mkdir -p .bin
	@go build -trimpath -o .bin/ ./cmd/...

test: ## Run every test (the first run downloads what is missing)
	@.ci/browser
	$(WITHPG) go test -p 2 -timeout 20m ./...

torture: ## Kill workers and Postgres while messages go out (PEOPLE=1000000 APP_KILLS=500 DB_KILLS=50 MINUTES=60 REPORT=file)
	@TORTURE=1 TORTURE_PEOPLE=$(PEOPLE) TORTURE_APP_KILLS=$(APP_KILLS) TORTURE_DB_KILLS=$(DB_KILLS) TORTURE_MINUTES=$(MINUTES) \
	TORTURE_REPORT=$(if $(REPORT),$(abspath $(REPORT))) go test -count 1 -timeout 12h -v ./internal/torture

mutants: ## Break the protocol in every way that matters, and see that a test notices
	$(WITHPG) go run ./internal/mutants $(if $(MUTANT),-run "$(MUTANT)")

interop: ## Meet node-smpp, Kannel and Net::SMPP, judged by tshark
	go run ./internal/interop

bench: ## Measure; `make bench dispatch` measures one thing (ARGS="-messages 1000000 -windows 100")
	go run ./cmd/bench $(ARGS) $(BENCH)

check: ## Look for mistakes: layout, generated code, vet, linters, import boundaries
	@.ci/same "templates are laid out by: make fmt" '*.templ' $(TEMPL) fmt -prettier-command none .
	@.ci/same "generated code is made by: make generate" '*_templ.go' $(TEMPL) generate
	@two=$$(ls migrations/*.up.sql | cut -d_ -f1 | uniq -d); test -z "$$two" || { echo "two migrations have the number of $$two"; exit 1; }
	go vet ./...
	$(LINT) run

fmt: ## Lay out Go code and templates
	@$(TEMPL) fmt -prettier-command none .
	@$(LINT) fmt

generate: ## Turn templates into Go
	@$(TEMPL) generate 2>&1 | cut -c1-300
