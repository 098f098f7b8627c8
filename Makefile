# make test · make demo · make docs · make lint: each sets up what it needs in .venv and runs from a clean checkout.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help setup test killtest fuzz demo docs lint bench page page-check clean

help:
	@echo "make test   run the tests"
	@echo "make killtest N=1000 SEED=1  kill and disturb every writing command (hours; goes on where it was)"
	@echo "make demo   the main job from end to end, offline, into demo/"
	@echo "make docs   the documentation, into docs/_build/html"
	@echo "make lint   style and types"
	@echo "make bench  speed beside other programs, into docs/speed.md (half an hour)"
	@echo "make fuzz   hostile inputs at every edge, 10,000 of them (SEED=7 N=10000); goes on where it stood"
	@echo "make page   the map page from web/, into src/harma/serve/page (needs Node and npm)"
	@echo "make setup  install HarMA and its tools into $(VENV)"
	@echo "make clean  remove $(VENV) "

setup: $(VENV)/.done

# A file marks a finished install, so that an interrupted one is done again.
$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "HarMA needs Python 3.11 or newer; set PYTHON=python3.11 (or newer)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

# A process for each core, so one thread for each process.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

# Given again, it goes on behind the last trial; its report is killtest/report-SEED.md.
# N and SEED count where they are given; other targets have other defaults.
given = $(if $(filter file undefined,$(origin $(1))),$(2),$($(1)))
killtest: setup
	PYTHONPATH=. $(BIN)/python -m tests.kills --trials $(call given,N,1000) --seed $(call given,SEED,1)

demo: setup
	$(BIN)/harma demo

docs: setup
	$(BIN)/python -m docs.draw_house
	$(BIN)/python -m docs.write_openapi
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Where the demo is there already, its index and model are taken.
bench: setup
	test -d demo/archive || $(BIN)/harma demo
	$(BIN)/python -m benchmarks.speed

# What fails stays in fuzz/work; the table of counts is fuzz/report-SEED.md.
SEED ?= 0
N ?= 10000
fuzz: setup
	OMP_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python -m tests.fuzz --seed $(SEED) --number $(N)

page:
	cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run build

# Its types and tests, and that the committed files are what the sources make.
page-check:
	web/check.sh

clean:
	rm -rf $(VENV)
