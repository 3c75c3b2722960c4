# Two commands for a stranger: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint bench

setup: .venv/.done

.venv/.done: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "mailer needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/mailer lists import lists/members.csv --list members --source "sample list"
	$(BIN)/mailer send rent-newsletter --yes
	$(BIN)/mailer build rent-newsletter
	@echo
	@echo "What to look at:"
	@echo "  build/rent-newsletter.html      the mail, in your browser"
	@echo "  outbox/rent-newsletter/*.eml    one for each recipient; any mail program opens them"
	@echo "  campaigns/rent-newsletter.md    what was written"
	@echo "  $(BIN)/mailer status               what became of everybody"
	@echo "Next: docs/writing-campaigns.md"

test: setup
	$(BIN)/pytest -n auto

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m benchmarks
