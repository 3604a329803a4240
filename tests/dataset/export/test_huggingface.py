"""The folder, loaded by Hugging Face `datasets`; the card, by huggingface_hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import DatasetCard

from action100m.dataset.card.card import card as write_card
from action100m.dataset.card.settings import CardConfig
from action100m.dataset.export.export import export
from action100m.dataset.export.huggingface import HuggingFace
from action100m.dataset.io import read_records, write_records
from action100m.errors import ConfigError
from support.records import make_record


def _load(folder: Path) -> Any:
    return datasets.load_dataset(str(folder), split="train", cache_dir=str(folder.parent / "cache"))


def test_datasets_gives_the_records_back(tmp_path: Path) -> None:
    records = [make_record(uid, provenance=True) for uid in ("one", "two", "three")]
    write_records(records, tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(file_rows=2))
    assert [Path(file).name for file in report.files] == ["part-00000.parquet", "part-00001.parquet", "README.md"]
    loaded = _load(tmp_path / "out")
    assert loaded["video_uid"] == ["one", "two", "three"]
    assert loaded[0]["nodes"][0]["gpt"]["action"]["brief"] == "Whisk the eggs"
    assert list(read_records(tmp_path / "out")) == list(read_records(tmp_path / "mine.parquet"))


@pytest.mark.parametrize(("row", "rows"), [("segment", 6), ("sample", 30)])
def test_datasets_gives_flat_rows_back(tmp_path: Path, row: Any, rows: int) -> None:
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(row=row))
    loaded = _load(tmp_path / "out")
    assert loaded.num_rows == rows
    assert (loaded[0]["uid"], loaded[0]["start"], loaded[0]["end"]) == ("one", 0.0, 16.0)
    assert "Whisk the eggs" in loaded[0].values()


def test_flat_rows_are_spread_over_files(tmp_path: Path) -> None:
    write_records([make_record(f"video-{number}") for number in range(70)], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(row="sample", file_rows=1))
    assert len(report.files) == 3  # 70 videos x 3 nodes x 5 texts in files of 1,000, and the card
    assert _load(tmp_path / "out").num_rows == 1050


def test_the_card_has_a_header_that_the_hub_reads(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(name='Mine: "the set"', license="cc-by-4.0"))
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    assert (card.data.pretty_name, card.data.license, card.data.size_categories) == ('Mine: "the set"', "cc-by-4.0", ["n<1K"])
    assert card.text.strip().startswith('# Mine: "the set"')


def test_what_card_wrote_comes_along_and_the_data_still_load(tmp_path: Path) -> None:
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    write_card(tmp_path / "mine.parquet", tmp_path / "card", config=CardConfig(name="Mine", license="cc-by-4.0"))
    export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(card=str(tmp_path / "card")))
    assert _load(tmp_path / "out")["video_uid"] == ["one", "two"]  # neither the card's pictures nor its list of videos
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    assert (card.data.pretty_name, card.data.license) == ("Mine", "cc-by-4.0")
    assert card.text.strip() == DatasetCard.load(tmp_path / "card" / "README.md").text.strip()
    assert (tmp_path / "out" / "videos.jsonl").read_bytes() == (tmp_path / "card" / "videos.jsonl").read_bytes()


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="card is a folder"):
        HuggingFace(card=str(tmp_path))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "mine.parquet")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        export(tmp_path / "mine.parquet", tmp_path / "out", format="huggingface")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious.txt"]


def test_the_official_records_load(shared: Path, tmp_path: Path) -> None:
    export(shared / "data/action100m/examples.parquet", tmp_path / "out", format="huggingface")
    loaded = _load(tmp_path / "out")
    assert (loaded.num_rows, sum(map(len, loaded["nodes"]))) == (10, 4480)
