# For a stranger: `make demo`, `make test`. For a change: `make test-all lint`. All else: `make help`.
BIN := .venv/bin
DEMO := $(BIN)/mailer --project demo

.PHONY: help setup demo test test-all lint lock attack bench bench-quick

help:
	@echo "make demo         import a sample list, send a sample campaign to a folder"
	@echo "make test         the tests, without the slow ones and those that need a browser"
	@echo "make test-all     all tests"
	@echo "make lint         format, lint and types"
	@echo "make lock         take the newest versions of all dependencies into the lock files"
	@echo "make attack       forged links, hostile values and requests against pages of its own, in some minutes"
	@echo "make bench-quick  the most telling benchmarks, in five minutes"
	@echo "make bench        all benchmarks"

setup: .venv/.done

.venv/.done: pyproject.toml requirements-dev.lock setup.sh
	@./setup.sh

demo/mailer.toml:
	mkdir -p demo/lists
	cp -R lists/lookups lists/members.csv demo/lists/
	cp -R campaigns mailer.toml demo/

demo: setup demo/mailer.toml
	$(DEMO) lists import demo/lists/members.csv --list members --source "sample list"
	$(DEMO) send rent-newsletter --yes
	$(DEMO) build rent-newsletter
	@echo
	@echo "What to look at:"
	@echo "  demo/build/rent-newsletter.html      the mail, in your browser"
	@echo "  demo/outbox/rent-newsletter/*.eml    one for each recipient; any mail program opens them"
	@echo "  demo/campaigns/rent-newsletter.md    what was written"
	@echo "  $(DEMO) status        what became of everybody"
	@echo "  $(DEMO) preview       all campaigns, in your browser"
	@echo "Next, a project of your own: $(BIN)/mailer init DIR"

test: setup
	HYPOTHESIS_PROFILE=quick $(BIN)/pytest -n auto -m "not slow and not browser"

test-all: setup
	$(BIN)/pytest -n auto

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# --universal: for every system and Python version that pyproject.toml allows
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
	--custom-compile-command "make lock" --python-version 3.11 pyproject.toml

lock: setup
	$(COMPILE) --extra build --extra postgres --output-file requirements.lock
	$(COMPILE) --extra dev --output-file requirements-dev.lock

attack: setup
	$(BIN)/python -m tools.attack

bench: setup
	$(BIN)/python -m benchmarks

bench-quick: setup
	$(BIN)/python -m benchmarks merge compile check start audience --rounds 3 --people 20000
