#!/bin/sh
# Makes .venv with the locked versions of everything. Says what to install where something is missing.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

need() { # what is missing, and its Debian package
    echo "$1 is missing." >&2
    if command -v apt-get >/dev/null; then
        echo "  Install it with: sudo apt-get install $2" >&2
    else
        echo "  Install it with your system's package manager, or from python.org." >&2
    fi
    exit 1
}

command -v "$python" >/dev/null || need "Python 3.11 or later ($python)" python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "mailer needs Python 3.11 or later; $python is older." >&2
    echo "  Name another one: PYTHON=/path/to/python3.11 ./setup.sh" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || need "Python's module venv" python3-venv
command -v make >/dev/null || need make make

[ -x .venv/bin/pip ] || "$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch .venv/.done
