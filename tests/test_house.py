"""Promises that concern the whole house: what importing costs, what is public, what is committed, and that names and versions agree."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib.metadata import distribution, packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import action100m
from action100m import errors

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, outside the repository."""
    call = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(call, capture_output=True, text=True, cwd=Path(sys.executable).parent, check=False)


def _printed(code: str, *arguments: str) -> list[str]:
    done = _run(code, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# What importing costs.

HEAVY = {
    *("torch", "transformers", "sentence_transformers", "tokenizers", "numba", "ray"),
    *("sklearn", "scipy", "faiss", "pandas", "datasets", "huggingface_hub", "webdataset", "lancedb"),
    *("matplotlib", "wordcloud", "PIL", "fastapi", "starlette", "uvicorn", "h11", "playwright"),
}
"""What takes long to import, or a base install does not have."""


@pytest.mark.parametrize("module", ["action100m", "action100m.cli.app"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    every_name = "[getattr(action100m, name) for name in action100m.__all__]"
    loaded = _printed(f"import {module}, sys; {every_name}; print(*sys.modules)")
    assert {module, "action100m.dataset.io", "action100m.run.run"} <= set(loaded)
    assert set(loaded) & HEAVY == set()


def test_what_is_heavy_is_installed_where_this_is_tested() -> None:
    """Of a package that is not there, it says nothing that it is not loaded."""
    absent = {name for name in HEAVY if importlib.util.find_spec(name) is None}
    assert absent <= {"ray"}  # no extra of ours: who runs on a cluster brings it


def test_the_base_install_needs_no_extra() -> None:
    """All that a base install lacks is hidden; then every public name, every command and every config is still there."""
    base = _with_requirements("action100m")
    extra = {module for module, owners in packages_distributions().items() if not base.intersection(map(canonicalize_name, owners))}
    assert {"torch", "transformers", "h11", "PIL", "pytest", "sklearn"} <= extra
    assert {"av", "numpy", "pyarrow", "typer"}.isdisjoint(extra)
    code = """
        import sys
        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in hidden:
                    raise ModuleNotFoundError(f"{name} is not in a base install", name=name)
        hidden = set(sys.argv[1:])
        sys.meta_path.insert(0, Hide())
        import action100m, action100m.cli.app, action100m.run.run, action100m.run.pack, action100m.run.executors.worker
        import action100m.dataset.io, action100m.dataset.validate, action100m.viewer.report
        from action100m.run.config import RunConfig, make_stages
        print(*[getattr(action100m, name).__name__ for name in action100m.__all__])
        for stage in make_stages(RunConfig()):
            stage.setup()
            print(stage.name)
    """
    assert _printed(code, *sorted(extra - {"action100m"}))[-4:] == ["embed", "segment", "caption", "annotate"]


def _with_requirements(name: str) -> set[str]:
    """Return a distribution and all that comes with it, without extras."""
    found, ahead = set(), [name]
    while ahead:
        current = canonicalize_name(ahead.pop())
        if current not in found:
            found.add(current)
            asked = map(Requirement, distribution(current).requires or ())
            ahead += [one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


# What is public.


def test_public_names_are_sorted_and_importable() -> None:
    stub = ast.parse((ROOT / "src/action100m/__init__.pyi").read_text())
    (listed,) = [ast.literal_eval(line.value) for line in stub.body if isinstance(line, ast.Assign)]
    assert listed == sorted(listed) == sorted(action100m.__all__)  # lazy_loader reads the imports, type checkers the list
    assert all(getattr(action100m, name) is not None for name in action100m.__all__)
    assert "annotate_video" in action100m.__all__
    assert set(action100m.__all__) <= set(dir(action100m))


def test_public_functions_and_classes_say_what_they_promise() -> None:
    undocumented = [name for name in action100m.__all__ if not inspect.getdoc(getattr(action100m, name))]
    assert undocumented == []


# The error tree.


def test_every_error_is_drawn_in_its_place() -> None:
    drawn: dict[str, tuple[str | None, bool]] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([│├└─ ]*)(\w+Error)\b", line):
            del branch[len(match[1]) // 4 :]
            drawn[match[2]] = (branch[-1] if branch else None, "(retryable)" in line)
            branch.append(match[2])
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Exception)]
    expected = {one.__name__: (one.__base__.__name__ if one is not errors.Action100MError else None, one.retryable) for one in classes}
    assert len(expected) > 15
    assert drawn == expected


# What is committed.


def test_no_secret_machine_path_foreign_host_or_media_is_committed() -> None:
    done = subprocess.run([sys.executable, "tools/check_files.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split()[-4]) > 100, "hardly any file was looked at"


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("key.txt", "-----BEGIN RSA " + "PRIVATE KEY-----", "private key"),
        ("token.py", "TOKEN = 'hf_" + "a1B2" * 9 + "'", "Hugging Face token"),
        ("cloud.toml", "key = 'AKIA" + "Q7" * 8 + "'", "AWS key"),
        ("path.md", "see " + "/".join(["", "root", "videos"]), "one machine only"),
        ("host.txt", "--index-url https://pypi" + ".corp.internal/simple", "unknown host pypi.corp.internal"),
        ("clip.mp4", "", "not committed"),
        ("big.txt", "x" * 500_001, "the limit is 500,000"),
    ],
)
def test_the_file_check_finds_what_is_planted(tmp_path: Path, name: str, content: str, finding: str) -> None:
    (tmp_path / name).write_text(content)
    done = subprocess.run([sys.executable, ROOT / "tools/check_files.py", tmp_path / name], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert finding in done.stdout
    assert done.stdout.endswith("1 files: 1 problems\n")


def test_constraints_hold_one_plain_version_of_all_requirements() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+( ; .+)?", line) for line in lines)
    pinned = [Requirement(line).name for line in lines]
    assert pinned == sorted(set(pinned))
    asked = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    assert {canonicalize_name(Requirement(line).name) for line in asked} - {"action100m"} <= set(pinned)


def test_only_an_extra_of_its_own_brings_torchvision() -> None:
    """Made for another PyTorch than the one beside it, it breaks transformers."""
    asked = [Requirement(line) for name, lines in PROJECT["optional-dependencies"].items() if name != "plm" for line in lines]
    assert not {"torchvision", "timm", "plm"} & {word for one in asked for word in (one.name, *one.extras)}


def test_requirements_are_met_by_the_constraints() -> None:
    pins = {one.name: next(iter(one.specifier)).version for one in map(Requirement, (ROOT / "constraints.txt").read_text().splitlines())}
    for line in [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]:
        requirement = Requirement(line)
        if requirement.name != "action100m":
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), line


# Names and versions agree.


def test_all_versions_agree() -> None:
    assert version("action100m") == PROJECT["version"]
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == PROJECT["version"]


def test_the_license_is_the_one_that_is_declared() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert len(text) == 11_358


def test_every_python_file_says_its_idea() -> None:
    files = sorted((ROOT / "src").rglob("*.py"))
    assert len(files) > 30
    assert [file for file in files if not ast.get_docstring(ast.parse(file.read_text()))] == []


def test_no_room_is_too_large() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in (ROOT / "src").rglob("*.py")}
    assert {file: length for file, length in lengths.items() if length > 400} == {}
