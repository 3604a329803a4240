"""Addresses of videos that no browser and no server resolves to others."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from action100m.viewer.listing import notice_page, video_link


@pytest.mark.parametrize("uid", ["8JOpXDtraZI", "a b?c#d&e", "café", "a%2Fb", "~", "%2e%2e", "x" * 3000, "CON"])
def test_a_plain_uid_stands_in_the_path(uid):
    link = urlsplit(video_link(uid))
    assert unquote(link.path) == f"/video/{uid}"
    assert link.path.count("/") == 2


@pytest.mark.parametrize("uid", ["..", ".", "", "a/b", "../../x", "a\\b", "a\0b", "line\nbreak", "\u202e"])
def test_one_that_might_be_resolved_stands_in_the_query(uid):
    link = urlsplit(video_link(uid))
    assert link.path == "/video"
    assert parse_qs(link.query, keep_blank_values=True)["uid"] == [uid]


def test_a_node_is_the_fragment():
    assert video_link("a", 'n"1#') == "/video/a#node=n%221%23"


def test_a_notice_holds_no_markup_and_no_megabytes():
    page = notice_page("<b>", "<i>" * 1_000_000)
    assert "&lt;b&gt;" in page
    assert not re.search("<i>|<b>", page)
    assert len(page) < 60_000
