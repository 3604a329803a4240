"""The data card: what it says, what it does not guess, and what hostile texts do to it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import datasets
import pytest
import yaml

from action100m.cli import main
from action100m.dataset.card.card import card
from action100m.dataset.card.gone import Availability, read_availability
from action100m.dataset.card.markdown import escape
from action100m.dataset.card.settings import CardConfig, load_card_config
from action100m.dataset.export.export import export
from action100m.dataset.export.huggingface import HuggingFace
from action100m.dataset.io import write_records
from action100m.errors import ConfigError, DataSetError
from support.records import make_annotation, make_record, record_to_row, write_rows

HOSTILE = ("../../x", "a/b", "CON", "a\x00b", "=1+1", "<script>alert(1)</script>", "| a | [x](http://example.org) `c` www.example.org\n# head")


def parts(text: str) -> tuple[dict, dict[str, str]]:
    """The header, and the sections by title."""
    _, header, body = text.split("---\n", 2)
    found = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return yaml.safe_load(header), dict(zip(found[1::2], found[2::2], strict=True))


@pytest.fixture
def ours(tmp_path):
    path = tmp_path / "ours.parquet"
    write_records([make_record(uid, provenance=True) for uid in ("a", "b")], path)
    return str(path)


def test_the_card_of_the_released_records_says_that_they_do_not_tell_how_they_were_made(shared, tmp_path):
    released = str(shared / "data" / "action100m" / "examples.parquet")
    written = card(released, tmp_path / "card", measure=False, pictures=False)
    header, sections = parts((tmp_path / "card" / "README.md").read_text())
    assert written.videos == 10
    assert header["license"] == "unknown"
    assert header["size_categories"] == ["n<1K"]
    assert "language" not in header
    assert "10 videos" in sections["What it is"]
    assert "4,480 nested segments" in sections["What it is"]
    assert "1,237 have a structured annotation" in " ".join(sections["What it is"].split())
    assert "None of the records tells how it was made" in sections["How it was made"]
    assert "| 0 to 3 s | 62.5% |" in sections["Figures"]
    assert re.search(r"`brief_action` \| 100.0% \| 3.28 ", sections["Figures"])
    assert sections["Quality"].strip() == "Not measured."
    assert sections["Licence and rights"].count("**Missing**") == 5
    assert "**Missing**" in sections["Citation"]
    assert "3.4% of the brief actions say N/A" in sections["Known limits"]
    assert set(written.missing) >= {"license", "video_rights", "contact", "citation", "name"}


def test_a_set_of_our_own_tells_models_prompts_and_versions(ours, tmp_path):
    card(ours, tmp_path / "card", pictures=False)
    _, sections = parts((tmp_path / "card" / "README.md").read_text())
    making = sections["How it was made"]
    assert "| encoder of frames | descriptor | 2 |" in making
    assert "| annotations | extractive | 2 |" in making
    assert f"| caption_clip | {'cd' * 32} | 2 |" in making
    assert "10 of 12" in making
    assert "2 videos did not decode in full" in sections["Known limits"]
    assert "| `annotation` | leaf | 8 |" in sections["Known limits"]
    assert "`duplicate`" in sections["Quality"]


def test_what_is_given_is_said(ours, tmp_path):
    config = CardConfig(
        name="Kitchens & more",
        license="other",
        license_name="mine",
        license_link="LICENSE",
        video_rights="Ours alone.",
        contact="me@example.org",
        language=("en",),
        citation="@misc{kitchens}",
    )
    written = card(ours, tmp_path / "card", config=config, pictures=False)
    text = (tmp_path / "card" / "README.md").read_text()
    header, sections = parts(text)
    assert header["pretty_name"] == "Kitchens & more"
    assert (header["license"], header["license_name"], header["language"]) == ("other", "mine", ["en"])
    assert "Rights in the videos: Ours alone." in sections["Licence and rights"]
    assert "removed: me@example.org" in sections["Videos that are gone, and removal"]
    assert "@misc{kitchens}" in sections["Citation"]
    assert written.missing == ("summary", "video_sources", "personal_data")


def test_the_same_data_give_the_same_bytes(ours, tmp_path):
    written = [card(ours, tmp_path / name) for name in ("one", "two")]
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) > 2
    assert [(tmp_path / "one" / file).read_bytes() for file in files] == [(tmp_path / "two" / file).read_bytes() for file in files]
    text = (tmp_path / "one" / "README.md").read_text()
    assert "pictures/durations.png" in written[0].pictures
    assert all(f"]({picture})" in text and (tmp_path / "one" / picture).is_file() for picture in written[0].pictures)


@pytest.mark.parametrize("row", ["record", "sample"])
def test_a_card_in_an_exported_folder_leaves_the_data_loadable(tmp_path, row):
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "out", format=HuggingFace(row=row, name="Old"))
    before = parts((tmp_path / "out" / "README.md").read_text())[0]
    for _ in range(2):  # once more over a card of its own
        written = card(tmp_path / "mine.parquet", tmp_path / "out", config=CardConfig(name="Mine"))
        after = parts((tmp_path / "out" / "README.md").read_text())[0]
        assert (after["pretty_name"], after["configs"], after["size_categories"]) == ("Mine", before["configs"], before["size_categories"])
    assert len(written.pictures) > 1  # which are more files than the data
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["video_uid" if row == "record" else "uid"][0] == "one"
    assert loaded.num_rows == (2 if row == "record" else 30)


@pytest.mark.parametrize("place", ["mine.parquet", "data/mine.parquet"])
def test_a_card_beside_the_data_says_where_they_are(tmp_path, place):
    write_records([make_record("one"), make_record("two")], tmp_path / "mine" / place)
    card(tmp_path / "mine", tmp_path / "mine")
    loaded = datasets.load_dataset(str(tmp_path / "mine"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["video_uid"] == ["one", "two"]


def test_a_card_without_data_beside_it_names_none(ours, tmp_path):
    card(ours, tmp_path / "card", measure=False)
    assert "configs" not in parts((tmp_path / "card" / "README.md").read_text())[0]


@pytest.mark.parametrize("text", [b"---\na: [\n---\n", b"---\n\xff\n---\n"])
def test_a_header_that_is_not_yaml_is_refused_and_kept(ours, tmp_path, text):
    (tmp_path / "README.md").write_bytes(text)
    with pytest.raises(ConfigError, match=r"README.md: its header is not YAML"):
        card(ours, tmp_path)
    assert (tmp_path / "README.md").read_bytes() == text


def test_without_the_extra_there_are_no_pictures(ours, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert card(ours, tmp_path / "card", measure=False).pictures == ()
    assert "![" not in (tmp_path / "card" / "README.md").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "uid,status,note\na,gone,404\nz,removed,\n",
        '{"uid": "a", "status": "gone", "note": "404"}\n\n{"uid": "z", "status": "removed"}\n',
    ],
)
def test_gone_videos_are_named_and_listed(ours, tmp_path, text):
    (tmp_path / "gone.txt").write_text(text)
    written = card(ours, tmp_path / "card", gone=str(tmp_path / "gone.txt"), measure=False, pictures=False)
    _, sections = parts((tmp_path / "card" / "README.md").read_text())
    assert (written.gone, written.unknown) == (1, ("z",))
    assert "1 records speak of videos that are gone" in sections["Videos that are gone, and removal"]
    assert "- a: gone (404)" in sections["Videos that are gone, and removal"]
    listed = [json.loads(line) for line in (tmp_path / "card" / "videos.jsonl").read_text().splitlines()]
    assert listed == [{"uid": "a", "status": "gone", "note": "404"}, {"uid": "b", "status": "not checked", "note": ""}]


def test_a_plain_list_names_uids_that_are_gone(tmp_path):
    (tmp_path / "gone.txt").write_text("\ufeffa\n-b_c\n\n")
    assert read_availability(str(tmp_path / "gone.txt")) == {uid: Availability(uid, "gone") for uid in ("a", "-b_c")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uid,status\na,lost\n", "line 2: the status is one of"),
        ("uid,state\na,gone\n", "line 2: unknown column 'state'"),
        ("uid,status\na,gone,x,y\n", "line 2: unknown column"),
        ("uid,status\n,gone\n", "line 2 has no uid"),
        ('{"uid": "a"}\n{"uid": 3}\n', "line 2 has no uid"),
        ('{"uid": "a"}\n{"uid"\n', "line 2 is not JSON"),
        ('{"uid": "a"}\n[1]\n', "line 2 is not a JSON object"),
        ("\x80\n", "cannot be read"),
    ],
)
def test_a_wrong_line_of_the_list_is_named(tmp_path, text, message):
    (tmp_path / "gone.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataSetError, match=re.escape(message)):
        read_availability(str(tmp_path / "gone.txt"))


def test_texts_of_others_are_shown_and_nothing_else(tmp_path):
    records = [make_record(uid) for uid in HOSTILE]
    loud = [
        replace(record, tree=record.tree.update(lambda node: replace(node, annotation=node.annotation and make_annotation(HOSTILE[-1]))))
        for record in records
    ]
    write_records(loud, tmp_path / "data.parquet")
    (tmp_path / "gone.jsonl").write_text("\n".join(json.dumps({"uid": uid, "note": HOSTILE[-1]}) for uid in HOSTILE))
    written = card(str(tmp_path / "data.parquet"), tmp_path / "out" / "card", gone=str(tmp_path / "gone.jsonl"), pictures=False)
    text = (tmp_path / "out" / "card" / "README.md").read_text()
    assert written.gone == len(HOSTILE)
    assert not re.search(r"<script|\]\(http|www\.example|`c`|\x00", text)
    assert not re.search(r"^# head", text, re.MULTILINE)
    assert "&#60;script&#62;" in text
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["README.md", "card", "data.parquet", "gone.jsonl", "out", "videos.jsonl"]
    assert [json.loads(line)["uid"] for line in (tmp_path / "out" / "card" / "videos.jsonl").read_text().splitlines()] == list(HOSTILE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Stir mixture (2)", "Stir mixture (2)"),
        ("a|b", "a&#124;b"),
        ("vit-g_384 1.5", "vit-g_384 1.5"),
        ("-a _b_ 1. c", "&#45;a &#95;b&#95; 1&#46; c"),
        ("WWW.example.org", "WWW&#46;example&#46;org"),
        ("me@example.org", "me&#64;example.org"),
        ("two\n\x1b[31mlines\u202e", "two &#91;31mlines"),
        ("糖心蛋 🍳", "糖心蛋 🍳"),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_escaped_text_is_one_line_without_markup(text, shown):
    assert escape(text) == shown


def test_a_bad_record_is_told_and_the_others_go_on(tmp_path):
    bad = record_to_row(make_record("bad"))
    bad["nodes"][1]["end"] = 1.0
    write_rows(tmp_path / "data.parquet", [bad, record_to_row(make_record("good"))])
    written = card(str(tmp_path / "data.parquet"), tmp_path / "card", pictures=False)
    assert written.videos == 1
    assert len(written.left_out) == 1
    assert "(bad)" in written.left_out[0]
    assert "1 records or files could not be read" in (tmp_path / "card" / "README.md").read_text()


def test_wrong_settings_are_named(tmp_path):
    path = tmp_path / "card.toml"
    for text, message in (('licence = "x"', "licence"), ('contact = " "', "blank"), ('license = "other"', "license_name"), ("name = 3", "name")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=message) as raised:
            load_card_config(path)
        assert "card.toml" in str(raised.value)


def test_the_command_says_what_is_missing(ours, tmp_path, monkeypatch, capsys):
    (tmp_path / "card.toml").write_text('name = "Kitchens"\nlicense = "cc-by-4.0"\n')
    call = ["action100m", "card", ours, "--out", str(tmp_path / "card"), "--config", str(tmp_path / "card.toml"), "--no-audit", "--no-pictures"]
    monkeypatch.setattr("sys.argv", call)
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out
    assert (ended.value.code or 0) == 0
    assert "2 videos, 0 of them gone or removed" in printed
    assert "not given, and said to be missing: summary, video_sources, video_rights, personal_data, language, contact, citation" in printed
