# The same words here and in CI. Everything happens in .venv, made with the python3 on this machine.
PYTHON ?= python3
SERVE ?= 1
BIN := .venv/bin

.PHONY: demo test check bench docs serve clean

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[report,federation,govern]"
	touch $@

# PyTorch first and by its version, so that no other package brings a build of several GB along.
.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[report,federation,govern,learning,postgres,test,check]"
	touch $@

demo: .venv/installed  ## the whole way on real data; ends at a loopback address when run at a terminal
	rm -rf demo
	$(BIN)/cohortium demo --out demo $(if $(filter 0,$(SERVE)),--no-serve,--serve)

serve: .venv/installed  ## show the result of the last demo again
	$(BIN)/cohortium serve demo

test: .venv/tested  ## every test, the slow ones too, in two processes since journeys mostly wait
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/tested  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/tested  ## our own numbers; peers need environments of their own, see benchmarks/README.md
	$(BIN)/python -m benchmarks.tables

clean:
	rm -rf .venv demo build dist
