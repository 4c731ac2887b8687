# Every target works as the first command on a fresh clone: it builds what is missing.
# Raise locked versions with `make lock`; everything else is in README.md.

.DEFAULT_GOAL := help
.PHONY: help build build-dev run test check bench soak fuzz lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## virtual environment, locked packages, native code
	@deploy/bootstrap

build-dev:
	@deploy/bootstrap --dev

run: build ## the appliance on loopback ports, with example lists and subscribers
	@.venv/bin/python -m deploy.demo.credentials deploy/demo/weir.yaml
	@exec .venv/bin/weir serve -c deploy/demo/weir.yaml

test: build-dev ## all tests, those that drive the real appliance too
	@.venv/bin/pytest

check: build-dev ## formatter, linters, types, import rules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	PATH="$(CURDIR)/.venv/bin:$$PATH" cython-lint --max-line-length 110 blocklists resolver
	shellcheck deploy/bootstrap .ci/run

bench: build-dev ## the tables of the benchmark, beside other servers from Debian
	@.venv/bin/python -m deploy.bench $(ARGS)

soak: build-dev ## SECONDS=1200 at half load with a new list a minute; fails when anything grows or is lost
	@.venv/bin/python -m deploy.bench.soak --seconds $(or $(SECONDS),1200)

fuzz: build-dev ## all fuzz programs of the C code, for SECONDS=600 together
	@.venv/bin/python -m deploy.fuzz --seconds $(or $(SECONDS),600)

# No index host and no path of this machine goes into a lock file: where packages come from is pip's configuration.
COMPILE := .venv/bin/pip-compile --quiet --upgrade --no-header --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --build-deps-for=editable

lock: build ## choose versions anew within the ranges of pyproject.toml
	.venv/bin/pip install --quiet pip-tools
	$(COMPILE) -o deploy/requirements.lock pyproject.toml
	$(COMPILE) --extra dev -c deploy/requirements.lock -o deploy/requirements-dev.lock pyproject.toml
