# Every line here makes its own environment (.venv) first, from pyproject.toml and constraints.txt, and is fast when that is done.
# PYTHON=python3.12 picks the interpreter, ARGS="..." is passed on to pytest or the benchmarks.

BIN := .venv/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check bench constraints clean
.DELETE_ON_ERROR:

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: demo/cooking.mp4 ## render a short video, annotate it, write data set and page (no GPU, under a minute after set-up)
	$(BIN)/action100m run demo/cooking.mp4 --out demo/run
	$(BIN)/action100m pack demo/run --out demo/cooking.parquet
	$(BIN)/action100m validate demo/cooking.parquet
	$(BIN)/action100m report demo/run --out demo/page
	@echo
	@echo "Data set: demo/cooking.parquet"
	@echo "Page:     demo/page/index.html (open it in a browser)"

demo/cooking.mp4: examples/render_demo.py $(wildcard examples/kitchen/*.py) | .venv/installed-demo
	$(BIN)/python examples/render_demo.py demo

test: .venv/installed-dev ## run all tests, in a real browser too
	$(BIN)/python tools/ensure_browser.py
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

check: .venv/installed-dev ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev ## run the benchmarks and print their table
	$(BIN)/python benchmarks/run_all.py $(ARGS)

constraints: ## write constraints.txt anew for changed requirements; pins that still fit stay (needs uv)
	env -u UV_FIND_LINKS uv pip compile --quiet --universal --fork-strategy fewest --no-annotate --no-header --all-extras \
		pyproject.toml --output-file constraints.txt

clean: ## remove the environment, the demo and the caches
	rm -rf .venv demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/installed-%: pyproject.toml constraints.txt tools/bootstrap.sh
	tools/bootstrap.sh $*
