"""What the documentation says is so: commands, options, examples, links and make lines exist, and its code runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from action100m.cli.app import app
from action100m.dataset.io import write_records
from action100m.run.config import RunConfig, load_config
from support.clips import time_code_pictures, write_clip
from support.records import make_record

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def _blocks(language: str, *, but: str = "") -> list[Any]:
    """Return every fenced block of a language, each named by its page and line. `but`: a page left out."""
    found = []
    for page in PAGES:
        if page.name == but:
            continue
        text = page.read_text()
        for match in re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            name = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
            found.append(pytest.param(match[1], id=name))
    assert found, f"no {language} block in the documentation"
    return found


def _parse(words: list[str]) -> None:
    """Parse a call of the command line without running it."""
    assert words[0] in COMMANDS, f"there is no command {words[0]!r}"
    COMMANDS[words[0]].make_context(words[0], words[1:])


def _sections(page: str) -> dict[str, str]:
    parts = re.split(r"^## action100m (\S+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_in_the_docs_and_none_else() -> None:
    sections = _sections((ROOT / "docs/commands.md").read_text())
    assert len(COMMANDS) >= 5
    assert set(sections) == set(COMMANDS)


def test_every_option_is_in_the_docs_and_none_else() -> None:
    for name, section in _sections((ROOT / "docs/commands.md").read_text()).items():
        options = {word for one in COMMANDS[name].params for word in one.opts if word.startswith("--")}
        assert set(re.findall(r"^\| `(--[\w-]+)", section, re.MULTILINE)) == options, name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_shows_an_example_that_parses(name: str) -> None:
    example = re.search(r"Example: action100m (.+)", COMMANDS[name].help)
    assert example
    words = shlex.split(example[1])
    assert words[0] == name
    _parse(words)


@pytest.mark.parametrize("block", _blocks("console"))
def test_what_is_typed_in_the_docs_exists(block: str) -> None:
    typed = [shlex.split(line.removeprefix("$ "), comments=True) for line in block.splitlines() if line.startswith("$ ")]
    assert typed
    makefile = (ROOT / "Makefile").read_text()
    for program, *words in typed:
        if program == "action100m":
            _parse(words)
        elif program == "make":
            assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE), words
        else:
            assert program in {"pip", "uv", "python"}, program


@pytest.mark.parametrize("block", _blocks("toml"))
def test_settings_in_the_docs_are_accepted(block: str, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(block)
    assert load_config(tmp_path / "my.toml", RunConfig()) != RunConfig()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_example_settings_are_accepted(path: Path) -> None:
    assert load_config(path, RunConfig()) != RunConfig()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("docs")
    seconds = [k / 10 for k in range(40)]
    write_clip(folder / "cooking.mp4", time_code_pictures(seconds, width=160, height=120), fps=10)
    write_records([make_record("scrambled-eggs", provenance=True)], folder / "mine.parquet")
    return folder


@pytest.mark.parametrize("block", _blocks("python", but="schema.md"))  # tests/dataset/test_schema.py also compares what that page prints
def test_code_in_the_docs_runs(block: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    exec(compile(block, "docs", "exec"), {"__name__": "docs"})


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        local = [target for target in targets if "://" not in target]
        assert [target for target in local if not (page.parent / target).exists()] == [], page


def test_every_page_is_listed_in_the_index() -> None:
    listed = re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs/index.md").read_text())
    assert set(listed) == {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}


def test_the_tour_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = {name for name in re.findall(r"`((?:\w+/)+[\w.]*)", text) if "NAME" not in name}
    assert len(named) > 25
    missing = {name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "src/action100m"))}
    assert missing == set()


def test_the_tour_draws_the_floors_that_are_held() -> None:
    drawn = re.search(r"^cli\n.*?errors$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    held = re.search(r"^layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert drawn
    assert held
    floors = [line.replace("action100m.", "") for line in re.findall(r'"(.+)"', held[1])]
    assert drawn[0].splitlines() == floors
