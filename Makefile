# Everything that one does with Kaira. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Poetry reads the lock; it lives outside of the environment that it describes.
POETRY_VERSION := 2.5.1
EXPORT_VERSION := 1.10.1
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kaira
POETRY := $(CACHE)/poetry-$(POETRY_VERSION)
CHECKOV := $(CACHE)/checkov
SHELL_FILES := $(shell git ls-files '*.sh') .ci/run nginx/start/crawl nginx/start/keep nginx/start/count monitoring/prometheus/start monitoring/alertmanager/start monitoring/alertmanager/test $(addprefix infra/delivery/,settings build deploy verify rollback status) infra/host/files infra/host/gate infra/aws/tunnel tests/lab/images/server/boot tests/lab/up tests/lab/down tests/lab/prove

.DEFAULT_GOAL := help
.PHONY: help install run press test soak rehearsal check bench image metrics fields costs dashboards pictures drill endurance lab appengine requirements browser-tools lighthouse grades clean checkov

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## the environment, the `kaira` command in it, into .venv

run: install ## serve the site on http://localhost:8000 (or PORT), showing changes as they are made
	@$(BIN)/kaira serve --reload

press: install ## make the bundle of SITE_DIR
	@$(BIN)/kaira press

test: install ## all tests that this machine can run
	@$(BIN)/pytest --numprocesses 2

soak: install ## 20 deployments and 5 rollbacks in a row, and 20 over TLS, under load from clients that never retry; table in docs/
	@SOAK_PAGE=docs DEPLOYMENTS=20 ROLLBACKS=5 $(BIN)/pytest --timeout 1800 -s tests/deploy tests/https -k no_request_is_lost

rehearsal: install ## from git push to a server and back, by the steps of deploy.yml; table in docs/ (root)
	@REHEARSAL_PAGE=docs $(BIN)/pytest -s tests/rehearsal

check: install ## lint and type everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(POETRY)/bin/poetry export | cmp --silent - requirements.txt || { echo 'kaira: requirements.txt is not of this poetry.lock: make requirements' >&2; exit 1; }
	$(BIN)/shellcheck $(SHELL_FILES)
	$(BIN)/shfmt --diff --indent 2 --case-indent $(SHELL_FILES)
	$(BIN)/hadolint Dockerfile.prod tests/lab/images/*/Dockerfile bench/peers/*/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose*.yml monitoring/logs/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes= .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline --pedantic .github
	@# cfn-lint and checkov end at Python 3.14
	if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 15))'; then \
	  $(BIN)/cfn-lint infra/aws/kaira.yaml && $(MAKE) --no-print-directory checkov; fi
	@rm -rf $(VENV)/nginx && cp -r nginx $(VENV)/nginx && sed -i 's|/run/kaira/tls\*|tls|' $(VENV)/nginx/nginx.conf $(VENV)/nginx/servers/* $(VENV)/nginx/site/*
	@: > $(VENV)/nginx/tls/hsts.conf # whose `if`s are in locations, and why it says
	cd $(VENV)/nginx && ../bin/gixy nginx.conf

bench: $(VENV)/bench ## compare with peers: tables and plots in docs/
	@$(BIN)/python -m bench

image: ## build the image kaira-server
	docker build --file Dockerfile.prod --tag kaira-server .

appengine: install ## press the site and prepare what `gcloud app deploy` uploads
	@$(BIN)/kaira press
	@$(BIN)/python -m infra.appengine

requirements: $(POETRY)/bin/poetry ## write requirements.txt of poetry.lock, for App Engine
	@$(POETRY)/bin/poetry export --output requirements.txt

metrics: install ## write down what each metric means: docs/metrics.md
	@$(BIN)/python -m monitoring.metrics_page

fields: install ## write down what each name in a log line means: docs/logs*.md
	@$(BIN)/python -m monitoring.logs_page

costs: install ## write down what it costs on AWS, from infra/aws/prices.toml: docs/costs*.md
	@$(BIN)/python -m infra.aws cost --write

dashboards: install ## write Grafana's dashboards from their source: monitoring/grafana/dashboards/*.json
	@$(BIN)/python -m monitoring.grafana.dashboards

pictures: $(VENV)/bench ## draw the dashboards from a site on which everything happens: docs/dashboards/ (10 min)
	@$(BIN)/python -m tests.monitoring.pictures

drill: install ## break it in seven ways and see who is told, and when: table in docs/ (an hour, root)
	@$(BIN)/python -m tests.monitoring.drill

endurance: install ## half an hour of load while workers are replaced: nothing may grow; table in docs/
	@$(BIN)/python -m tests.monitoring.endurance

lab: ## bring up the real parts that the tests use (Debian, root)
	@tests/lab/up

browser-tools: $(CACHE)/browser-tools/node_modules ## bring what judges the pages in a browser, from npm

lighthouse: install browser-tools ## judge the pages as on a phone over slow 4G: table in docs/
	@$(BIN)/python -m bench.lighthouse

grades: install ## have HTTPS graded by testssl.sh and Mozilla's observatory; fails below the best: table in docs/
	@$(BIN)/python -m tests.https.grades

clean: ## remove what these commands made here
	rm -rf $(VENV) *.bundle appengine .run-make-appengine-first .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Private

$(POETRY)/bin/poetry:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'kaira: $(PYTHON) is older than 3.11; name another: make PYTHON=python3.13 …' >&2; exit 1; }
	$(PYTHON) -m venv $(POETRY)
	$(POETRY)/bin/pip install --quiet poetry==$(POETRY_VERSION) poetry-plugin-export==$(EXPORT_VERSION)

# pip installs what Poetry locked, hashes checked.
$(VENV)/installed: poetry.lock pyproject.toml | $(POETRY)/bin/poetry
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(POETRY)/bin/poetry export --with build,press,test,check,monitoring --output $(VENV)/requirements.txt
	$(BIN)/pip install --quiet --require-hashes --requirement $(VENV)/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

checkov: $(CHECKOV)/installed
	$(CHECKOV)/bin/checkov --skip-download --quiet --compact --framework cloudformation --file infra/aws/kaira.yaml

$(CHECKOV)/installed: infra/aws/checkov.txt
	@$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --require-hashes --requirement $<
	@touch $@

$(CACHE)/browser-tools/node_modules: tests/browser/package-lock.json
	@mkdir -p $(@D)
	@cp tests/browser/package.json tests/browser/package-lock.json tests/browser/.npmrc $(@D)
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/bench: $(VENV)/installed
	@$(POETRY)/bin/poetry export --only bench --output $(VENV)/requirements.txt
	$(BIN)/pip install --quiet --require-hashes --requirement $(VENV)/requirements.txt
	@touch $@
