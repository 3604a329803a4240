"""What a search answers: known segments, by words, by meaning and by both; filters; odd queries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from action100m.dataset.search.build import build_index
from action100m.dataset.search.index import SearchIndex
from action100m.dataset.search.settings import SearchFilter
from action100m.errors import ConfigError, SearchIndexError
from support.search_sets import KITCHEN, write_actions
from support.sentences import ToyTextEncoder

HOSTILE = {
    "a'b": ("Pour 'milk'", "Stir", "Drink"),
    '"; DROP TABLE segments; --': ("Pour milk", "Stir", "Drink"),
    "../../x": ("Pour milk", "Stir", "Drink"),
    "CON": ("Pour milk", "Stir", "Drink"),
    "nul\0uid": ("Pour milk", "Stir", "Drink"),
    "雞蛋": ("打鸡蛋", "Взбить яйца", "פתח את הדלת"),
    "café": ("Pour café crème", "Stir", "Drink"),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    return build_index(write_actions(folder / "data.parquet"), folder / "index", encoder=ToyTextEncoder())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    return build_index(write_actions(folder / "data.parquet", HOSTILE), folder / "index", encoder=ToyTextEncoder())


def actions(hits):
    return [hit.text for hit in hits]


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_what_is_said_of_a_segment_finds_it_first(index, mode):
    for texts in KITCHEN.values():
        for text in texts:
            assert index.query(text, mode=mode)[0].text == text


def test_a_hit_tells_the_segment(index):
    (hit,) = index.query("eggs whisked", mode="text", limit=1)
    assert (hit.uid, hit.title, hit.level, hit.start, hit.end) == ("eggs", "Video of eggs", 1, 0.0, 10.0)
    assert (hit.field, hit.text) == ("brief_action", "Whisk the eggs")
    assert hit.link is None
    assert hit.score > 0


def test_the_text_with_most_words_of_the_query_is_shown(index):
    (hit,) = index.query("kneading dough with care", mode="text", limit=1)
    assert (hit.field, hit.text) == ("detailed_action", "Knead the dough with care.")


def test_each_segment_is_found_once_and_scores_fall(index):
    for mode in ("text", "vector", "hybrid"):
        hits = index.query("someone with care: eggs, dough, fuse", mode=mode, limit=100)
        assert len({hit.node for hit in hits}) == len(hits) == 9
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_words_are_found_in_any_form_and_case(index):
    for query in ("WHISKING", "whisked egg", "Whisk, eggs!"):
        assert index.query(query, mode="text")[0].text == "Whisk the eggs"


def test_words_that_no_text_has_find_nothing(index):
    assert index.query("zebra", mode="text") == []
    assert index.query("the", mode="text") == []
    assert len(index.query("zebra", mode="hybrid", limit=4)) == 4  # what is least unlike


def test_meaning_is_the_mean_cosine_of_the_texts(index):
    encoder = ToyTextEncoder()
    query, *texts = encoder.encode(["Check the fuse", "Check the fuse", "Check the fuse with care.", "Someone is seen here: Check the fuse."])
    (hit,) = index.query("Check the fuse", mode="vector", limit=1)
    assert hit.score == pytest.approx(sum(float(text @ query) for text in texts) / 3, abs=1e-5)


def test_hybrid_scores_are_reciprocal_ranks(index):
    first, second = index.query("Check the fuse", mode="hybrid", limit=2)
    assert first.score == pytest.approx(2 / 61)  # first by words and by meaning
    assert second.score == pytest.approx(1 / 62)  # has not all words


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (SearchFilter(), 9),
        (SearchFilter(uids=("eggs",)), 3),
        (SearchFilter(uids=("eggs", "car")), 6),
        (SearchFilter(uids=("nobody",)), 0),
        (SearchFilter(levels=(0,)), 3),
        (SearchFilter(levels=(0, 2)), 3),
        (SearchFilter(min_seconds=10), 6),
        (SearchFilter(max_seconds=10), 6),
        (SearchFilter(max_seconds=6), 3),
        (SearchFilter(min_seconds=10, max_seconds=10), 3),
        (SearchFilter(uids=("eggs",), levels=(1,), min_seconds=7), 1),
        (SearchFilter(uids=("' OR 1=1 --",)), 0),
    ],
)
@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_filters_leave_what_fits(index, filter, found, mode):
    hits = index.query("someone with care", mode=mode, filter=filter, limit=100)
    assert len(hits) == found
    assert all(not filter.uids or hit.uid in filter.uids for hit in hits)
    assert all(not filter.levels or hit.level in filter.levels for hit in hits)


@pytest.mark.parametrize("uid", HOSTILE)
def test_a_uid_is_a_value_whatever_characters_it_has(hostile, uid):
    for mode in ("text", "vector"):
        hits = hostile.query("someone", mode=mode, filter=SearchFilter(uids=(uid,)), limit=100)
        assert [hit.uid for hit in hits] == [uid] * 3


@pytest.mark.parametrize(
    "query",
    ["eggs'", "' OR 1=1 --", '"unclosed', "a AND (b OR", "-eggs +x ~2^3 title:x", "[red]eggs[/red]", "\0", "\ud800 eggs", "🍳", "a" * 10_000, "%_\\"],
)
@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_query_is_only_words(index, query, mode):
    hits = index.query(query, mode=mode, limit=100)
    assert len(hits) <= 9
    if "eggs" in query and mode == "text":
        assert "eggs" in hits[0].text.casefold()


@pytest.mark.parametrize(("query", "text"), [("鸡蛋", "打鸡蛋"), ("яйца", "Взбить яйца"), ("הדלת", "פתח את הדלת"), ("cafe creme", "Pour café crème")])
def test_words_of_other_scripts_are_found(hostile, query, text):
    assert hostile.query(query, mode="text")[0].text == text


def test_hyphens_part_words(index):
    assert index.query("T-valve", mode="text")[0].uid == "car"
    assert index.query("4417", mode="text")[0].uid == "car"


@pytest.mark.parametrize(
    ("query", "settings", "says"),
    [
        ("", {}, "at least one word, got ''"),
        (" \n", {}, "at least one word"),
        ("a" * 10_001, {}, "got 10,001"),
        ("eggs", {"limit": 0}, "limit must be from 1 to 1,000, got 0"),
        ("eggs", {"limit": 1001}, "got 1001"),
        ("eggs", {"mode": "magic"}, "got 'magic'"),
    ],
)
def test_what_cannot_be_asked_is_told(index, query, settings, says):
    with pytest.raises(ConfigError, match=says):
        index.query(query, **settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"min_seconds": -1.0}, "at least 0, got -1.0"),
        ({"max_seconds": float("nan")}, "got nan"),
        ({"min_seconds": 5.0, "max_seconds": 4.0}, "no segment is so long"),
        ({"levels": (-1,)}, "got -1"),
        ({"levels": (40_000,)}, "got 40000"),
    ],
)
def test_filters_that_nothing_can_fit_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        SearchFilter(**settings)


def test_many_threads_get_the_same_answers(index):
    queries = [text for texts in KITCHEN.values() for text in texts] * 8
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(index.query, queries))
    assert together == [index.query(query) for query in queries]


def test_without_its_encoder_an_index_answers_by_words_only(index):
    opened = SearchIndex(index.folder)
    assert len(opened) == 9
    assert opened.query("whisk the eggs") == index.query("whisk the eggs", mode="text")
    for mode in ("vector", "hybrid"):
        with pytest.raises(ConfigError, match="needs the text encoder of the index \\(toy words\\)"):
            opened.query("eggs", mode=mode)


def test_another_encoder_is_refused(index):
    with pytest.raises(SearchIndexError, match="made by 'toy words', not by 'another'"):
        SearchIndex(index.folder, encoder=ToyTextEncoder("another"))


def test_links_lead_to_the_second(tmp_path):
    data = write_actions(tmp_path / "data.parquet", {"30PLZNxHuUo": ("Clean jets", "Open bonnet", "Check fuse")})
    built = build_index(data, tmp_path / "index")
    assert built.query("clean jets")[0].link == "https://www.youtube.com/watch?v=30PLZNxHuUo"
    (last,) = built.query("check fuse", limit=1)
    assert last.link == f"https://www.youtube.com/watch?v=30PLZNxHuUo&t={int(last.start)}s"
    assert last.start >= 1
