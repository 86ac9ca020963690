# `make` alone prints the targets. Every target works from a fresh clone; what it needs, it installs first.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAB := $(BIN)/python -m tests.lab.sandbox

.PHONY: help run test lint demo-check test-faults storm test-time test-micro footprint bench-dns bench-pack bypass overblock a11y words pictures test-lab-1 test-lab-2 wheel-check setup clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build/packages-run $(VENV)/run ## watch it work: a home with a demo family, in a browser on this machine
	@$(BIN)/python -m tests.lab.run $(if $(PORT),--port $(PORT))

# What takes a minute and changes with micro/ only is `make test-micro`'s.
MICRO_ONLY := --ignore tests/micro/test_power_cut.py --ignore tests/micro/test_heap.py --ignore tests/broker/test_mqtt_cases.py \
	--ignore tests/lab/test_bear.py

# All that waits more than it works at the same time: browsers, brokers, hubs, and two labs, each a sandbox of its own. What
# measures comes after, alone.
test: build/packages-test setup build/browser ## install what tests need, run all of them
	$(MAKE) --no-print-directory --jobs 4 --output-sync=line lint test-unit test-lab-2 test-lab-1 wheel-check
	$(MAKE) --no-print-directory demo-check

# In the order of files, so that the browsers' come first: those take longest.
test-unit:
	$(LAB) $(BIN)/python -m pytest --ignore tests/lab $(MICRO_ONLY) --numprocesses 3 --dist loadfile --no-loadscope-reorder
test-lab-1:
	$(LAB) $(BIN)/python -m pytest $(MICRO_ONLY) tests/lab/test_[a-f]*.py
test-lab-2:
	$(LAB) $(BIN)/python -m pytest tests/lab/test_[g-z]*.py

demo-check: build/packages-run setup ## the main job, measured: taps, bedtimes, budgets and answers, with real packets
	$(LAB) $(BIN)/python -m tests.lab.demo_check
	$(LAB) $(BIN)/python -m tests.lab.demo_time

test-faults: build/packages-run setup ## the fault table: everything that goes wrong at home, done to a home (ROW=NAME for one)
	$(LAB) $(BIN)/python -m tests.lab.fault_check $(if $(ROW),--row $(ROW))

storm: build/packages-run setup ## taps and faults in a random mixture, for a minute (SEED=N the same again, SECONDS=N)
	$(LAB) $(BIN)/python -m tests.lab.storm $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS))

bypass: build/packages-run setup ## what children try to get round the filter, tried; writes docs/bypass.md (ROW=NAME for one)
	$(LAB) $(BIN)/python -m tests.lab.bypass_check --page docs/bypass.md $(if $(ROW),--row $(ROW))

test-time: setup ## the calendar and budgets beside an independent oracle, minute by minute, for every time zone
	$(BIN)/python -m tests.time.check

bench-dns: build/packages-bench setup ## the filter beside dnsmasq, unbound and dnsdist, with a million names (QUICK=1: few)
	$(LAB) $(BIN)/python -m tests.bench.dns_bench $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED))

test-micro: build/packages-run setup ## the toy on the real MicroPython: all cases, every power cut, real TLS, the bear in the lab
	@$(BIN)/python -m tests.micro_check

footprint: build/packages-run setup ## what the agent costs a toy: code, smallest heap, TLS; fails above its budget
	@$(BIN)/python -m tests.bench.footprint

bench-pack: setup ## what a pack of a million names costs, and how rarely it is wrong
	$(BIN)/python -m tests.bench.pack_bench

overblock: setup ## which harmless names each preset would block, out of a thousand
	$(BIN)/python -m tests.overblock

a11y: build/packages-test setup build/browser ## every page by axe-core, in five ways; eight tasks by keyboard, in taps
	$(BIN)/python -m tests.browser.a11y_check $(if $(PAGE),--page "$(PAGE)")

words: setup ## find the hub's sentences anew for its catalogues of other languages, and compile them
	$(BIN)/python -m tests.language.catalogue

pictures: build/packages-test setup build/browser ## draw docs/pictures anew: every page, from a home in the lab
	$(LAB) $(BIN)/python -m tests.lab.pictures

lint: setup ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

wheel-check: setup ## build the wheel and use it in a clean environment
	$(BIN)/python -m tests.wheel_check

setup: build/packages-run $(VENV)/dev build/paho-1.6 ## the Python environment of developers

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

build/packages-run: tests/lab/install_packages
	@mkdir -p build && tests/lab/install_packages run && touch $@

build/packages-test: tests/lab/install_packages
	@mkdir -p build && tests/lab/install_packages test && touch $@

build/packages-bench: tests/lab/install_packages
	@mkdir -p build && tests/lab/install_packages bench && touch $@

$(VENV)/run: pyproject.toml | build/packages-run
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --disable-pip-version-check -e '.[agent,hub,lab]' && touch $@

$(VENV)/dev: pyproject.toml | build/packages-run
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' && touch $@

# Debian's Chromium where there is one; elsewhere Playwright brings its own.
build/browser: | $(VENV)/dev
	@mkdir -p build && { test -x /usr/bin/chromium-headless-shell || test -x /usr/bin/chromium || \
		$(BIN)/playwright install --with-deps chromium; } && touch $@

# OpenWrt 24.10 and 25.12 ship paho 1.6.1, so the agent is tested with it beside 2.x.
build/paho-1.6: | $(VENV)/dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $@ paho-mqtt==1.6.1
