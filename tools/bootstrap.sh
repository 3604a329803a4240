#!/bin/sh
# Make .venv and install the project into it, with the extra asked for: tools/bootstrap.sh demo|dev
# uv is used when it is there; else venv and pip alone do.
set -eu

venv=.venv
extra=${1:?usage: tools/bootstrap.sh demo|dev}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The interpreter of the shell comes first, so that an active pyenv or conda decides.
find_python() {
    for candidate in ${PYTHON:-python3 python python3.13 python3.12 python3.11}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "No Python 3.11 or newer found. Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
}

# A venv that does not run (its Python was removed, the folder was moved) is made again.
if ! is_new_enough $venv/bin/python; then
    python=$(find_python)
    rm -rf $venv
    echo "Making $venv with $("$python" --version)"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" $venv
    else
        "$python" -m venv $venv
    fi
fi

if command -v uv >/dev/null; then
    # uv reads none of pip's settings; a folder of wheels that this machine keeps for pip serves uv as well.
    links=${UV_FIND_LINKS:-$(python3 -m pip config get global.find-links 2>/dev/null || true)}
    [ -z "$links" ] || export UV_FIND_LINKS="$links"
    echo "Installing action100m[$extra] with uv"
    uv pip install --quiet --compile-bytecode --python $venv/bin/python -c constraints.txt -e ".[$extra]"
else
    echo "Installing action100m[$extra] with pip: up to a few minutes"
    $venv/bin/python -m pip --version >/dev/null 2>&1 || $venv/bin/python -m ensurepip
    $venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extra]"
fi

$venv/bin/python -m compileall -q src # for who has set PYTHONDONTWRITEBYTECODE: a command starts twice as fast

touch $venv/installed-demo # every extra holds what the demo needs
[ "$extra" = demo ] || touch "$venv/installed-$extra"
