"""What a server answers: pages, files in parts, marks; what it refuses; and that one bad record leaves the others alone."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from urllib.parse import quote

import pytest

from action100m.dataset.io import write_records
from action100m.errors import ConfigError, DataSetError, MissingPackageError
from action100m.viewer.server import make_app, serve
from support.clips import time_code_picture, write_clip
from support.records import make_record, record_to_row, write_rows
from support.served import open_server

UIDS = [
    "../../escaped",
    "/etc/passwd",
    "..",
    ".",
    "index",
    "CON",
    "a\x00b",
    "a/b\\c",
    "x" * 3000,
    "C:\\temp",
    "~",
    "%2e%2e",
    "a%2Fb",
    "caf\u00e9",
    "a b?c#d&e",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Two sound records, one that is no tree, and the video of the first."""
    folder = tmp_path_factory.mktemp("served")
    rows = [record_to_row(make_record(uid)) for uid in ("clip", "soup", "broken")]
    rows[2]["nodes"][3]["level"] = 7
    write_rows(folder / "mine.parquet", rows)
    (folder / "secret.txt").write_text("secret")
    (folder / "videos").mkdir()
    write_clip(folder / "videos" / "clip.mp4", [time_code_picture(k / 30) for k in range(30)])
    with open_server(folder / "mine.parquet", videos=[str(folder / "videos")]) as opened:
        yield opened


def test_the_list_and_a_video_are_pages(served):
    listed, shown = served.get("/"), served.get("/video/clip")
    for page in (listed, shown):
        assert page.status == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.text
    assert re.findall(r'class="video card" href="([^"]*)"', listed.text) == ["/video/clip", "/video/soup", "/video/broken"]
    assert "3 videos · 0:48 · 21 segments · 9 annotated" in listed.text
    assert "Whisk the eggs" in shown.text


def test_the_list_is_searched_sorted_and_paged(served):
    assert re.findall(r'href="/video/(\w+)"', served.get("/?q=SOUP&sort=title").text) == ["soup"]
    assert "0 videos with this in title or id" in served.get("/?q=nothing").text
    assert served.get("/?page=99").status == 200
    for wrong in ("page=0", "page=x", "sort=colour", "q=" + "x" * 1001, "page=" + "9" * 5000):
        reply = served.get(f"/?{wrong}")
        assert reply.status == 422
        assert "This address means nothing" in reply.text


def test_a_record_that_is_no_tree_says_so_and_the_others_go_on(served):
    reply = served.get("/video/broken")
    assert reply.status == 422
    assert "row 2 (broken): the nodes are no tree" in reply.text
    assert served.get("/video/clip").status == 200


@pytest.mark.parametrize(
    "path", ["/video/none", "/video/", "/video/%00", "/video/..%2f..%2fsecret.txt", "/video/../../secret.txt", "/video?uid=/etc/passwd"]
)
def test_a_uid_that_is_not_in_the_set_leads_nowhere(served, path):
    reply = served.get(path)
    assert reply.status == 404
    assert "secret" not in reply.text.replace("secret.txt", "")


@pytest.mark.parametrize(
    "path", ["/secret.txt", "//secret.txt", "/..", "/%2e%2e/secret.txt", "/page/main.js", "/docs", "/openapi.json", "/review", "/media/clip"]
)
def test_there_are_no_other_addresses(served, path):
    assert served.get(path).status == 404


@pytest.mark.parametrize("uid", ["../secret.txt", "../secret", "/etc/passwd", "clip.mp4", "clip\0", "videos/clip", ""])
def test_no_file_is_sent_but_those_of_videos_in_the_set(served, uid):
    assert served.get(f"/media?uid={quote(uid, safe='')}").status == 404


def test_a_video_is_sent_in_parts(served, tmp_path):
    whole = served.get("/media?uid=clip")
    assert (whole.status, whole.headers["content-type"], whole.headers["accept-ranges"]) == (200, "video/mp4", "bytes")
    size = len(whole.body)
    for asked, start, end in (("bytes=0-9", 0, 10), ("bytes=100-", 100, size), ("bytes=-7", size - 7, size), (f"bytes=5-{size * 9}", 5, size)):
        part = served.get("/media?uid=clip", Range=asked)
        assert (part.status, part.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{size}")
        assert part.body == whole.body[start:end]
    assert served.get("/media?uid=clip", Range=f"bytes={size}-").status == 416
    assert served.get("/media?uid=soup").status == 404


def test_the_player_is_told_what_plays(served):
    assert served.get("/player?uid=clip").json() == {"src": True, "offset": 0.0}
    assert served.get("/player?uid=soup").json()["reason"] == "The video file is not at hand."


def test_doubts_are_those_of_audit(served):
    from action100m.dataset.audit.measures import flags

    found = served.get("/doubts?uid=clip").json()
    expected = flags(make_record("clip"))
    assert expected
    assert {node: {one["flag"] for one in its} for node, its in found["flags"].items()} == {node: set(its) for node, its in expected.items()}
    assert found["rounds"] == {}


# Who may ask, and who may write.


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "127.0.0.1@evil.example", "evil.example:8765", "a b", "[::1"]
)
def test_a_foreign_name_is_refused(served, host):
    for path in ("/", "/video/clip", "/media?uid=clip", "/marks?uid=clip"):
        reply = served.send("GET", path, headers={"Host": host})
        assert reply.status in (400, 403)
        assert "Whisk" not in reply.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1", "[::1]:8765", "192.168.1.7:8765"])
def test_addresses_and_localhost_are_us(served, host):
    assert served.send("GET", "/", headers={"Host": host}).status == 200


def test_a_name_that_was_given_is_us(tmp_path):
    write_records([make_record()], tmp_path / "data.parquet")
    with open_server(tmp_path, host="viewer.example") as opened:
        assert opened.send("GET", "/", headers={"Host": "Viewer.example:8765"}).status == 200
        assert opened.send("GET", "/", headers={"Host": "other.example"}).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Action100m": ""},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Length": "2000000"},
    ],
)
def test_marks_of_other_sites_are_refused(served, headers):
    assert served.mark("clip", None, None, "keep", **headers).status == 403
    assert served.get("/marks?uid=clip").json() == []


def test_other_sites_may_not_embed_or_ask_beforehand(served):
    for path in ("/", "/video/clip", "/media?uid=clip", "/marks?uid=clip", "/nowhere"):
        headers = served.get(path).headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-action100m"}
    reply = served.send("OPTIONS", "/marks", headers=asked)
    assert reply.status in (403, 405)
    assert "access-control-allow-headers" not in reply.headers


@pytest.mark.parametrize(
    ("uid", "node", "field", "mark", "status"),
    [
        ("nobody", None, None, "keep", 404),
        ("clip", "no such node", None, "keep", 422),
        ("clip", None, None, "love", 422),
        ("clip", None, "actor", "keep", 422),
        ("clip", None, None, "edit", 422),
        ("broken", None, None, "keep", 422),
    ],
)
def test_what_is_no_mark_is_refused_with_a_reason(served, uid, node, field, mark, status):
    reply = served.mark(uid, node, field, mark)
    assert reply.status == status
    assert reply.json()["detail"]
    assert served.send("POST", "/marks", b"{", {"X-Action100m": "1", "Content-Type": "application/json"}).status == 422


# Marks.


def test_marks_are_kept_beside_the_data_and_found_after_a_restart(tmp_path):
    record = make_record()
    write_records([record], tmp_path / "data.parquet")
    node = record.tree.nodes[1].id
    with open_server(tmp_path / "data.parquet") as opened:
        (mark,) = opened.mark("clip", node, "brief_action", "edit", "Beat <b>eggs</b>").json()
        assert (mark["who"], mark["text"]) == ("ann", "Beat <b>eggs</b>")
        opened.mark("clip", node, None, "reject")
        opened.mark("clip", None, None, "keep")
        opened.mark("clip", None, None, None)
    assert len((tmp_path / "data.review.jsonl").read_text().splitlines()) == 4
    with open_server(tmp_path / "data.parquet") as opened:
        assert {(mark["node"], mark["field"], mark["mark"]) for mark in opened.get("/marks?uid=clip").json()} == {
            (node, "brief_action", "edit"),
            (node, None, "reject"),
        }
        assert re.search(r'class="reject">✗ 1</span> <span class="edit">✎ 1', opened.get("/").text)


def test_where_marks_cannot_be_written_everything_else_goes_on(tmp_path, monkeypatch):
    write_records([make_record()], tmp_path / "data.parquet")
    with open_server(tmp_path / "data.parquet", review=str(tmp_path / "no" / "such" / "folder.jsonl")) as opened:
        reply = opened.mark("clip", None, None, "keep")
        assert reply.status == 422
        assert "cannot be written (No such file or directory); start with --review FILE" in reply.json()["detail"]
        assert opened.get("/video/clip").status == 200


# Sets of every kind.


def test_every_uid_has_a_page_of_its_own(tmp_path):
    write_records([make_record(uid) for uid in UIDS], tmp_path / "data.parquet")
    with open_server(tmp_path) as opened:
        links = re.findall(r'class="video card" href="([^"]*)"', opened.get("/").text)
        assert len(links) == len(set(links)) == len(UIDS)
        for uid, link in zip(UIDS, links, strict=True):
            assert re.fullmatch(r"/video(/[\w%.~-]+|\?uid=[\w%.~+-]*)", link), link
            page = opened.get(link)
            assert page.status == 200, uid
            assert f'"uid":{_embedded(uid)}' in page.text
            assert opened.mark(uid, None, None, "keep").status == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.parquet", "review.jsonl"]


def _embedded(text: str) -> str:
    from action100m.viewer.assemble import embed_json

    return embed_json(text)


def test_texts_of_ten_megabytes_do_not_hold_up_the_list(tmp_path):
    huge = "<b>" + "word " * 2_000_000
    record = make_record()
    tree = record.tree.update(lambda node: replace(node, clip_caption=huge) if node.level == 0 else node)
    write_records([replace(record, tree=tree, metadata=replace(record.metadata, title=huge)), make_record("b")], tmp_path / "data.parquet")
    with open_server(tmp_path) as opened:
        listed = opened.get("/")
        assert len(listed.body) < 40_000
        assert "&lt;b&gt;word" in listed.text
        assert len(opened.get("/video/clip").body) > 20_000_000
        assert opened.get("/video/b").status == 200


def test_the_list_tells_what_is_left_out(tmp_path):
    write_records([make_record("a")], tmp_path / "1.parquet")
    (tmp_path / "2.parquet").write_bytes(b"PAR1 <script>")
    write_records([make_record("a")], tmp_path / "3.parquet")
    with open_server(tmp_path) as opened:
        text = opened.get("/").text
    assert "2 problems with this data set" in text
    assert "2.parquet is not a whole Parquet file" in text
    assert "the video is there a second time" in text


def test_an_empty_set_is_an_empty_list(tmp_path):
    write_rows(tmp_path / "data.parquet", [])
    with open_server(tmp_path) as opened:
        assert "0 videos" in opened.get("/").text


@pytest.mark.parametrize("options", [{"videos": ["nowhere"]}, {"history": "nowhere.jsonl"}])
def test_what_is_named_has_to_be_there(tmp_path, options):
    write_records([make_record()], tmp_path / "data.parquet")
    with pytest.raises((ConfigError, DataSetError), match="nowhere"):
        make_app(tmp_path, **options)


def test_a_port_that_is_taken_is_named(served, tmp_path):
    write_records([make_record()], tmp_path / "data.parquet")
    with pytest.raises(OSError, match=f"127.0.0.1:{served.port} cannot be listened at"):
        serve(tmp_path, port=served.port)
    with pytest.raises(ConfigError, match="65,535"):
        serve(tmp_path, port=70_000)


@pytest.mark.parametrize("package", ["fastapi", "uvicorn"])
def test_without_the_extra_the_pip_line_is_told(package, tmp_path, monkeypatch):
    write_records([make_record()], tmp_path / "data.parquet")
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "action100m.viewer.app", raising=False)
    with pytest.raises(MissingPackageError, match=r"action100m\[serve\]"):
        serve(tmp_path, port=0)
