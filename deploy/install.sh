#!/bin/bash
# Makes .venv and installs into it what requirements.lock names, each file checked by its hash; then
# Terang itself, editable. Needs Python >= 3.11 and nothing else. Run by `make install`, which does
# it again only when the lock or pyproject.toml changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
stop() { say "make install: $*"; exit 1; }
log=$(mktemp)
scratch=$(mktemp -d)
trap 'rm -rf "$log" "$scratch"' EXIT

find_python() {
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  local known="${PYTHON:+$PYTHON, }python3, python3.13, python3.12, python3.11"
  stop "no Python 3.11 or newer was found (looked for $known).
On Debian 12, Ubuntu 24.04 or newer: apt-get install python3.
Elsewhere, set PYTHON=/path/to/python3 and run make again."
}

# Debian's python3 comes without pip. Its package with pip's wheel can be fetched and unpacked by
# anybody; nothing on the machine is changed.
pip_from_debian() {
  local wheels=$scratch/unpacked/usr/share/python-wheels
  local options=(
    -o Dir::State="$scratch" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$scratch"
    -o APT::Sandbox::User=root -o Debug::NoLocking=1
  )
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
  say "This Python has no pip; taking the one of Debian's package python3-pip-whl …"
  (cd "$scratch" \
    && apt-get "${options[@]}" -qq update \
    && apt-get "${options[@]}" -qq download python3-pip-whl \
    && dpkg-deb -x python3-pip-whl_*.deb unpacked) >"$log" 2>&1 || return 1
  .venv/bin/python "$(echo "$wheels"/pip-*.whl)/pip" install --quiet --no-index \
    --find-links "$wheels" pip >"$log" 2>&1
}

make_venv() {
  local python=$1
  # a venv of a Python that is gone or too old is made anew
  if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    return
  fi
  rm -rf .venv
  say "Making .venv with $("$python" --version) …"
  "$python" -c 'import venv' 2>/dev/null \
    || stop "$python has no module venv. On Debian or Ubuntu: apt-get install python3-venv"
  if "$python" -c 'import ensurepip' 2>/dev/null && "$python" -m venv .venv >"$log" 2>&1; then
    return
  fi
  rm -rf .venv
  "$python" -m venv --without-pip .venv >"$log" 2>&1 \
    || stop "$python can't make a virtual environment: $(cat "$log")"
  if "$python" -m pip --version >/dev/null 2>&1 \
    && "$python" -m pip --python .venv/bin/python install --quiet pip >"$log" 2>&1; then
    return
  fi
  pip_from_debian || stop "$python has neither pip nor ensurepip, and none could be fetched:
$(tail -3 "$log")
On Debian or Ubuntu: apt-get install python3-venv"
}

# Runs pip and shows how far it is: packages fetched, of those in the lock.
pip_install() {
  local total count=0
  local options=(--no-input --disable-pip-version-check --retries 2 --progress-bar off)
  total=$(grep -c '==' requirements.lock)
  .venv/bin/python -m pip install "${options[@]}" "$@" 2>&1 | tee "$log" | {
    while IFS= read -r line; do
      case $line in
        Collecting*|"Requirement already satisfied"*)
          count=$((count + 1))
          if [ -t 2 ]; then
            printf '\r  %d of %d packages at hand ' "$count" "$total" >&2
          elif [ $((count % 25)) = 0 ]; then
            say "  $count of $total packages at hand"
          fi ;;
        "Installing collected packages"*)
          if [ -t 2 ]; then printf '\n' >&2; fi
          say "  unpacking them …" ;;
      esac
    done
  }
}

explain() {
  local unreachable='NewConnectionError|NameResolutionError|ConnectTimeout|Network is unreachable'
  unreachable+='|Temporary failure in name resolution'
  if grep -qE "$unreachable" "$log"; then
    stop "the package index can't be reached: no network, or a proxy is needed (set HTTPS_PROXY).\
 What was fetched is kept; run make again."
  elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
    stop "a package isn't the one that requirements.lock pins, and was refused:\
 $(grep -A6 'DO NOT MATCH' "$log")"
  elif grep -q 'No space left' "$log"; then
    stop "no space left on the disk; about 2 GB are needed."
  fi
  stop "pip failed:
$(tail -15 "$log")"
}

python=$(find_python)
make_venv "$python"
say "Installing the packages of requirements.lock into .venv (about 250 MB the first time) …"
pip_install --require-hashes -r requirements.lock || explain
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
  --no-build-isolation -e . >"$log" 2>&1 || explain
touch .venv/installed
say "Installed: .venv/bin/terang"
