"""Every file named is found once, and content decides its uid."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import permutations
from pathlib import Path

import pytest

from action100m.errors import EmptyVideoError, MissingVideoError, SidecarError, UnreadableVideoError
from action100m.video.discover import Candidate, Claim, assign_uids, find_videos, fingerprint

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def paths(*inputs):
    return [candidate.path for candidate in find_videos([str(named) for named in inputs])]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_searched_in_order(here):
    touch(here, "talks/b.MP4", "talks/a.webm", "talks/deep/er/c.mkv", "talks/notes.txt", "talks/a.en.vtt", "talks/.hidden.mp4", "talks/.cache/d.mp4")
    assert paths("talks") == ["talks/a.webm", "talks/b.MP4", "talks/deep/er/c.mkv"]


def test_a_file_given_by_name_is_taken_whatever_it_is_called(here):
    touch(here, "clip.bin", ".hidden.mp4")
    assert paths("clip.bin", ".hidden.mp4", "missing.mp4") == ["clip.bin", ".hidden.mp4", "missing.mp4"]


def test_each_file_is_found_once(here):
    touch(here, "talks/a.mp4", "talks/b.mp4")
    (here / "link.mp4").symlink_to(here / "talks" / "a.mp4")
    assert paths("talks/b.mp4", "talks", "./talks/../talks/a.mp4", "link.mp4") == ["talks/b.mp4", "talks/a.mp4"]


def test_linked_folders_are_followed_but_not_for_ever(here):
    touch(here, "elsewhere/a.mp4")
    (here / "talks").mkdir()
    (here / "talks" / "more").symlink_to(here / "elsewhere")
    (here / "talks" / "loop").symlink_to(here / "talks")
    assert paths("talks") == ["talks/more/a.mp4"]


def test_a_folder_without_a_video_is_reported(here):
    touch(here, "talks/notes.txt")
    assert paths("talks") == ["talks"]
    with pytest.raises(UnreadableVideoError, match="talks: is a folder, and no video was found in it"):
        fingerprint("talks")


def test_a_folder_that_cannot_be_listed_is_reported(here, monkeypatch):
    touch(here, "talks/a.mp4", "talks/locked/b.mp4")
    listed = Path.iterdir

    def iterdir(self):
        if self.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert paths("talks") == ["talks/a.mp4", "talks/locked"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.jsonl", '\ufeff{"path": "a.mp4", "uid": 7, "title": "One", "extra": [1]}\n\n{"path": "sub/b.mp4", "uid": " ", "description": null}\n'),
        ("list.csv", "\ufeffuid,path,title,extra\r\n7,a.mp4,One,x\r\n,sub/b.mp4,,\r\n"),
    ],
)
def test_a_manifest_names_files_beside_it(here, name, text):
    (here / "lists").mkdir()
    (here / "lists" / name).write_text(text, encoding="utf-8", newline="")
    assert find_videos([f"lists/{name}"]) == [Candidate("lists/a.mp4", "7", "One"), Candidate("lists/sub/b.mp4")]


def test_what_a_manifest_says_counts_for_a_file_named_before(here):
    touch(here, "a.mp4")
    (here / "list.csv").write_text("path,uid\na.mp4,seven\n")
    assert find_videos(["a.mp4", "list.csv"]) == [Candidate("a.mp4", "seven")]


def test_an_absolute_path_in_a_manifest_stays(here):
    (here / "list.csv").write_text("path\n/videos/a.mp4\n")
    assert paths("list.csv") == ["/videos/a.mp4"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.jsonl", '{"path": "a.mp4"}\n{"path": ', r"list\.jsonl, line 2: not JSON"),
        ("list.jsonl", '["a.mp4"]', r"list\.jsonl, line 1: expected a JSON object, got list"),
        ("list.jsonl", '{"uid": "a"}', r"list\.jsonl, line 1: path is missing"),
        ("list.jsonl", '{"path": "a.mp4", "title": ["x"]}', r"line 1: expected title to be text, got \['x'\]"),
        ("list.csv", "file,uid\na.mp4,7\n", r"list\.csv: no column `path` among \['file', 'uid'\]"),
        ("list.csv", "path,uid\na.mp4,7\n,8\n", r"list\.csv, line 3: path is missing"),
        ("list.jsonl", '{"path": "a\\u0000.mp4"}', r"list\.jsonl, line 1: 'a\\x00\.mp4' cannot be a path \(it holds a NUL character\)"),
        ("list.jsonl", '{"path": "\\ud83c.mp4"}', r"list\.jsonl, line 1: '\\ud83c\.mp4' cannot be a path"),
        ("list.csv", "path\na\0.mp4\n", r"list\.csv, line 2: 'a\\x00\.mp4' cannot be a path"),
        ("list.jsonl", '{"path": "a.mp4"}\n{"title": ' + "[" * 100_000, r"list\.jsonl, line 2: not JSON"),
        ("list.csv", "path,title\na.mp4,x\nb.mp4," + "x" * 200_000 + "\n", r"list\.csv, line 3: not CSV \(field larger than field limit"),
        ("list.csv", "path" + "x" * 200_000 + "\n", r"list\.csv, line 1: not CSV \(field larger than field limit"),
        ("list.csv", "", r"list\.csv: no column `path` among none"),
    ],
)
def test_a_broken_manifest_is_named_with_its_line(here, name, text, message):
    (here / name).write_text(text)
    with pytest.raises(SidecarError, match=message):
        find_videos([name])


def test_a_file_name_that_is_not_utf8_is_found_and_gives_a_uid_that_is(here):
    name = os.fsdecode(b"caf\xe9.mp4")
    touch(here, f"talks/{name}")
    (here / "list.jsonl").write_text(json.dumps({"path": f"talks/{name}", "title": name}))
    assert find_videos(["talks"]) == [Candidate(f"talks/{name}")]
    assert find_videos(["list.jsonl"]) == [Candidate(f"talks/{name}", title="caf\N{REPLACEMENT CHARACTER}.mp4")]
    assert assign_uids([Claim(f"talks/{name}", None, A)], known={}) == ["caf\N{REPLACEMENT CHARACTER}"]


def test_a_missing_manifest_is_an_error(here):
    with pytest.raises(SidecarError, match=r"gone\.csv: No such file"):
        find_videos(["gone.csv"])


def test_fingerprint_is_the_digest_of_the_bytes(here):
    data = bytes(range(256)) * 9000
    (here / "a.mp4").write_bytes(data)
    assert fingerprint("a.mp4") == hashlib.sha256(data).hexdigest()


def test_fingerprint_says_why_it_cannot(here):
    touch(here, "empty.mp4")
    with pytest.raises(EmptyVideoError, match=r"empty\.mp4"):
        fingerprint("empty.mp4")
    with pytest.raises(MissingVideoError, match=r"gone\.mp4"):
        fingerprint("gone.mp4")


def uids_in_any_order(claims, known):
    """The uids by path, the same for every order of the claims."""
    outcomes = {tuple(sorted(zip([claim.path for claim in order], assign_uids(order, known=known), strict=True))) for order in permutations(claims)}
    assert len(outcomes) == 1
    return dict(outcomes.pop())


@pytest.mark.parametrize(
    ("claims", "known", "expected"),
    [
        ([Claim("x/a.mp4", None, A)], {}, {"x/a.mp4": "a"}),
        ([Claim("a.b.mp4", None, A)], {}, {"a.b.mp4": "a.b"}),
        ([Claim("a.mp4", "given", A)], {}, {"a.mp4": "given"}),
        # the same content twice is one video, and a given uid comes before a stem
        ([Claim("z.mp4", None, A), Claim("a.mp4", None, A)], {}, {"z.mp4": "a", "a.mp4": "a"}),
        ([Claim("a.mp4", None, A), Claim("b.mp4", "given", A)], {}, {"a.mp4": "given", "b.mp4": "given"}),
        # two contents want one uid
        ([Claim("x/a.mp4", None, A), Claim("y/a.mp4", None, B)], {}, {"x/a.mp4": "a-aaaaaaaa", "y/a.mp4": "a-bbbbbbbb"}),
        (
            [Claim("a.mp4", None, A), Claim("y.mp4", "a", B), Claim("c.mp4", None, C)],
            {},
            {"a.mp4": "a-aaaaaaaa", "y.mp4": "a-bbbbbbbb", "c.mp4": "c"},
        ),
        # known content keeps its uid, whatever it is called now, and nobody else gets it
        ([Claim("new.mp4", "other", A)], {A: "old"}, {"new.mp4": "old"}),
        ([Claim("old.mp4", None, B)], {A: "old"}, {"old.mp4": "old-bbbbbbbb"}),
        ([Claim("x.mp4", None, A), Claim("old.mp4", None, B)], {A: "old"}, {"x.mp4": "old", "old.mp4": "old-bbbbbbbb"}),
        # a name that looks like one that was told apart
        (
            [Claim("x/a.mp4", None, A), Claim("y/a.mp4", None, B), Claim("a-aaaaaaaa.mp4", None, C)],
            {},
            {"x/a.mp4": f"a-{A}", "y/a.mp4": "a-bbbbbbbb", "a-aaaaaaaa.mp4": "a-aaaaaaaa"},
        ),
        # digests that begin alike
        (
            [Claim("x/a.mp4", None, A), Claim("y/a.mp4", None, "a" * 63 + "b")],
            {},
            {"x/a.mp4": f"a-{A}", "y/a.mp4": "a-" + "a" * 63 + "b"},
        ),
    ],
)
def test_uids(claims, known, expected):
    assert uids_in_any_order(claims, known) == expected


def test_uids_are_different_for_different_contents_over_several_calls():
    first = [Claim("x/a.mp4", None, A), Claim("y/a.mp4", None, B)]
    known = dict(zip((A, B), assign_uids(first, known={}), strict=True))
    again = assign_uids([*first, Claim("z/a.mp4", None, C)], known=known)
    assert again == ["a-aaaaaaaa", "a-bbbbbbbb", "a"]
    assert assign_uids([], known=known) == []
