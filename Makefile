# leaktap: everything a developer runs. Each target first makes .venv with the first Python >= 3.12 it finds;
# PYTHON=/path/to/python overrides the choice.

VENV := .venv
BIN  := $(VENV)/bin
CASE := captures/shop

.PHONY: demo test lint docs bench fuzz fuzz-decoders venv clean

demo: $(VENV)/.runtime
	@$(BIN)/leaktap scan $(CASE)/capture.pcapng --case $(CASE)/case.yaml

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check leaktap tests benchmarks captures fuzz
	$(BIN)/ruff format --check leaktap tests benchmarks captures fuzz
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	$(BIN)/python -m mkdocs build --strict

fuzz-decoders: $(VENV)/.dev
	$(BIN)/python -m fuzz.decoders $(FUZZ_ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

fuzz: $(VENV)/.dev
	$(BIN)/python -m fuzz $(FUZZ_ARGS)

venv: $(VENV)/.dev

$(VENV)/bin/python:
	@python=$$(sh scripts/find-python.sh "$(PYTHON)") && "$$python" -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	@echo "installing leaktap into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing leaktap and its development tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.runtime $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
