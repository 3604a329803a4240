"""Refuse what must not be committed: secrets, paths of one machine, unknown hosts, media, weights and large files.

python tools/check_files.py                 # every file that git tracks
python tools/check_files.py FILE ...        # these, as pre-commit calls it
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 500_000
"""Room for a picture in the README, not for data."""

_SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "an OpenAI key": r"\bsk-[A-Za-z0-9_-]{32,}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a PyPI token": r"\bpypi-[A-Za-z0-9_-]{50,}",
}
_MACHINE_PATH = r"(?<![\w.])/(?:root|work|home|opt|Users)/\w+"
_URL_HOST = r"\bhttps?://(?:[^\s/@]*@)?([\w-]+(?:\.[\w-]+)+)"
_KNOWN_HOSTS = {
    "127.0.0.1",
    "arxiv.org",
    "example.com",
    "example.org",
    "huggingface.co",
    "json-schema.org",
    "keepachangelog.com",
    "semver.org",
    "www.apache.org",
    "www.w3.org",
    "www.youtube.com",
}
"""Public addresses that the text refers to. A new one is added here on purpose; a machine's own index or mirror is not."""

_DATA_SUFFIXES = {".avi", ".gguf", ".mkv", ".mov", ".mp3", ".mp4", ".npz", ".parquet", ".pt", ".pth", ".safetensors", ".wav", ".webm"}


def find_problems(path: Path) -> Iterator[str]:
    """Yield, in words, what is wrong with one file."""
    data = path.read_bytes()
    if path.suffix in _DATA_SUFFIXES:
        yield f"{path}: media, weights and data are made by the tests, not committed"
    if len(data) > MAX_BYTES:
        yield f"{path}: {len(data):,} bytes, the limit is {MAX_BYTES:,}"
    if b"\0" not in data:
        for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
            yield from (f"{path}:{number}: {problem}" for problem in _line_problems(line))


def _line_problems(line: str) -> Iterator[str]:
    yield from (f"looks like {name}" for name, pattern in _SECRETS.items() if re.search(pattern, line))
    if found := re.search(_MACHINE_PATH, line):
        yield f"the path {found[0]} exists on one machine only"
    yield from (f"unknown host {host}" for host in re.findall(_URL_HOST, line) if host not in _KNOWN_HOSTS)


def tracked_files() -> list[Path]:
    """Return the files that git tracks and that are there."""
    listing = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [path for name in listing.split("\0") if name and (path := Path(name)).is_file()]


def main(arguments: list[str]) -> int:
    """Print every problem; return 1 when there is one."""
    files = [Path(name) for name in arguments] or tracked_files()
    problems = [problem for path in files for problem in find_problems(path)]
    print("\n".join([*problems, f"{len(files)} files: {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
