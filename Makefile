# Needs Python 3.10 or newer, make and a package registry; everything else is made here, in .tools and .venv.

PYTHON ?= python3
# On the command line only (make test VENV=.venv-3.10): the environment may hold a VENV of another project.
VENV := .venv
PYTHONS := 3.10 3.11 3.12 3.13 3.14
# How long `make soak` and `make mutants` try.
MINUTES := 10
# Modules of the core for `make mutants`, such as salesforce/http/quota.py; empty for all.
MODULES :=
# What `make image` builds and runs with: docker or podman.
ENGINE := docker
# Options of `make org`: --rows, --port, --latency-ms, --directory.
ORG :=
# Which tests `make pytest` runs, as pytest takes it; empty for all.
TESTS :=
# The Spark data source is tested where there is a Java; pyspark has 480 MB. SPARK= goes without.
SPARK = $(shell command -v java >/dev/null 2>&1 && echo --group spark)
# Only the tests want it; the others leave it where it is.
GROUPS = --inexact
test pytest: GROUPS = $(SPARK)
UV_VERSION := 0.13.9
MELTANO_VERSION := 4.4.1
PIPX_VERSION := 1.18.4
# As in meltano.yml.
TARGET_POSTGRES_VERSION := 0.8.1
TARGET_JSONL_VERSION := 0.1.4
# What the target reads Parquet with; has wheels for 3.10 to 3.14.
PYARROW_VERSION := 23.0.1

TOOLS := .tools
# A name such as python3 would let uv look for one by itself, past the one of an active environment.
BASE_PYTHON = $(PYTHON) -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))'
UV := $(TOOLS)/bin/uv
UV_STAMP := $(TOOLS)/uv-$(UV_VERSION)
MELTANO := $(TOOLS)/meltano/$(MELTANO_VERSION)
TARGET_POSTGRES := $(TOOLS)/target-postgres/$(TARGET_POSTGRES_VERSION)-pyarrow-$(PYARROW_VERSION)
TARGET_JSONL := $(TOOLS)/target-jsonl/$(TARGET_JSONL_VERSION)

# Says every few seconds that a command is still at work; whoever ends it ends that too.
BEAT_SECONDS := 5
define with_beat
	@( while sleep $(BEAT_SECONDS) >/dev/null 2>&1 && kill -0 $$$$ 2>/dev/null; do echo '... still at it'; done ) & \
	beat=$$!; $(1); status=$$?; kill $$beat 2>/dev/null; exit $$status
endef

# What the shell brings must not decide what is installed where, or which modules are imported.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE
unexport UV_PYTHON UV_PROJECT UV_SYSTEM_PYTHON UV_NO_DEV UV_NO_SYNC UV_FROZEN
unexport PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_PREFIX
export PIP_USER := 0
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)

.DEFAULT_GOAL := help
.PHONY: help demo org test lint format docs pictures site bench soak mutants audit test-all package sbom image clean pytest sync usable-python

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: sync $(MELTANO) ## a real meltano run from a stand-in org into files, in full and then incrementally
	@$(VENV)/bin/python -m tests.demo

org: sync ## a stand-in Salesforce org to try the tap on, until Ctrl-C; ORG="--rows 500 --port 8080"
	@$(VENV)/bin/python -m tests.local_org $(ORG)

test: lint pytest ## everything that decides about a change: lint, types, tests, documents

lint: sync ## ruff (rules and format), mypy, import-linter, zizmor on the workflows, hadolint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache --no-logo
	$(VENV)/bin/zizmor --quiet --offline .github
	$(VENV)/bin/hadolint Dockerfile

format: sync ## put the code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: sync ## write the tables in the documents that come from the code
	@$(VENV)/bin/python -m tests.support.documents

pictures: sync ## draw the pictures in the documents from what they show
	@$(VENV)/bin/python -m tests.pictures

site: sync ## build the site of the documents into .site, and fail where a link leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo 'Look at it with: python3 -m http.server --directory .site'

soak: sync ## try to lose a row, for 10 minutes or MINUTES=60
	@$(VENV)/bin/python -m tests.soak --minutes $(MINUTES)

# A random part of all mutants, whose seed it tells; all of them take hours.
mutants: sync ## which mistakes in the core do the tests not notice, for 10 minutes or MINUTES=60
	@$(VENV)/bin/python -m tests.mutation --minutes $(MINUTES) $(MODULES)

bench: sync ## speed, memory and calls of the whole tap, against a floor
	@$(VENV)/bin/python -m tests.bench

# Not a part of `make test`: it asks osv.dev, and what it says changes without a change here. It fails where
# nobody answers, so that silence is not taken for a clean bill.
audit: sync ## known vulnerabilities of what uv.lock holds, and zizmor on the workflows (asks osv.dev)
	$(UV) audit --locked --preview-features audit-command
	$(VENV)/bin/zizmor --quiet .github

# pyenv shows a version on PATH only when it is activated; its own folder always has it.
test-all: lint ## the tests on every Python from 3.10 to 3.14 that is found
	@PATH="$$PATH$$(printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)"; \
	for version in $(PYTHONS); do \
		python=$$($(UV) python find --system --no-project --no-python-downloads "$$version" 2>/dev/null) \
			|| { echo "Python $$version: not found, not tested"; continue; }; \
		$(MAKE) --no-print-directory pytest PYTHON="$$python" VENV=".venv-$$version" || exit 1; \
	done

# loadfile: the tests of one file share servers, which are slow to start; in the order of tests/conftest.py,
# not of how many tests each has. More processes than small machines have cores, for many tests wait for one.
pytest: sync $(MELTANO) $(TARGET_POSTGRES) $(TARGET_JSONL) ## the tests alone, or some of them with TESTS=tests/unit
	$(VENV)/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(TESTS)

sync: usable-python $(UV_STAMP)
	@test -e $(VENV)/bin/python || echo 'Installing the tap and what its tests need into $(VENV): a minute, once'
	$(call with_beat,$(UV) sync --quiet --locked $(GROUPS) --python "$$($(BASE_PYTHON))")

usable-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo 'Python 3.10 or newer is needed, and "$(PYTHON)" is not one.' >&2; \
		echo 'Name another with: make PYTHON=python3.12' >&2; exit 1; }

$(UV_STAMP): | usable-python
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '"$(PYTHON)" has no venv module. On Debian and Ubuntu: apt-get install python3-venv' >&2; \
		exit 1; }
	@echo 'Installing uv $(UV_VERSION) into $(TOOLS)'
	@$(PYTHON) -m venv $(TOOLS)
	$(call with_beat,$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)')
	@touch $@

# Programs that the tap works with, each in an environment of its own, as their users have them.
$(MELTANO): PACKAGES = meltano==$(MELTANO_VERSION)
$(TARGET_POSTGRES): PACKAGES = meltanolabs-target-postgres==$(TARGET_POSTGRES_VERSION) pyarrow==$(PYARROW_VERSION)
$(TARGET_JSONL): PACKAGES = target-jsonl==$(TARGET_JSONL_VERSION)
$(MELTANO) $(TARGET_POSTGRES) $(TARGET_JSONL): | usable-python $(UV_STAMP)
	@echo 'Installing $(PACKAGES) into $(@D): half a minute, once'
	@$(UV) venv --quiet --clear --python "$$($(BASE_PYTHON))" $(@D)
	$(call with_beat,$(UV) pip install --quiet --python $(@D) $(PACKAGES))
	@touch $@

# Whoever installs it gets the newest of what it needs, not what uv.lock has: this asks the index.
package: sync ## build wheel and sdist into dist/, and install them as users do, with uvx and pipx
	@rm -rf dist $(TOOLS)/pipx
	@$(VENV)/bin/python -m hatchling build -d dist
	$(UV) tool run --isolated --python "$$($(BASE_PYTHON))" --from dist/*.whl tap-versionforge-salesforce --version
	$(call with_beat,PATH="$$PWD/$(TOOLS)/bin:$$PATH" PIPX_HOME=$(TOOLS)/pipx PIPX_BIN_DIR=$(TOOLS)/pipx/bin \
		$(UV) tool run pipx@$(PIPX_VERSION) install --quiet --backend uv --python "$$($(BASE_PYTHON))" ./dist/*.tar.gz)
	$(TOOLS)/pipx/bin/tap-versionforge-salesforce --version

sbom: $(UV_STAMP) ## what uv.lock has for the tap, as CycloneDX in dist/sbom.cdx.json
	@mkdir -p dist
	$(UV) export --quiet --frozen --no-dev --preview-features sbom-export --format cyclonedx1.5 --output-file dist/sbom.cdx.json

image: ## build the container image, and start it where nothing but /tmp can be written
	$(ENGINE) build --tag tap-versionforge-salesforce .
	$(ENGINE) run --rm --read-only --tmpfs /tmp tap-versionforge-salesforce --version

clean: ## remove what these commands have made
	rm -rf .venv .venv-3.* $(TOOLS) dist .demo .site .secrets/local-org .secrets/tutorial
	@rmdir .secrets 2>/dev/null || true
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
