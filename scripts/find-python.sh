#!/bin/sh
# Prints the first Python >= 3.12 that can make a virtual environment: the one given, else the best on PATH.
ok() { "$1" -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info < (3, 12))' >/dev/null 2>&1; }
if [ -n "$1" ]; then
    ok "$1" && { command -v "$1"; exit 0; }
    echo "PYTHON=$1 is no Python 3.12 or newer with the venv module" >&2
    exit 1
fi
for candidate in python3.13 python3.14 python3.12 python3 python; do
    command -v "$candidate" >/dev/null 2>&1 && ok "$candidate" && { command -v "$candidate"; exit 0; }
done
echo "leaktap needs Python 3.12 or newer with venv: install it (Debian: apt install python3-venv), or say make PYTHON=/path/to/python" >&2
exit 1
