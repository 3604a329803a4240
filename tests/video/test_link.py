"""Pages of videos."""

import pytest

from action100m.video.link import find_page


@pytest.mark.parametrize(
    ("uid", "start", "page"),
    [
        ("30PLZNxHuUo", 0.0, "https://www.youtube.com/watch?v=30PLZNxHuUo"),
        ("30PLZNxHuUo", 0.9, "https://www.youtube.com/watch?v=30PLZNxHuUo"),
        ("-_PLZNxHuUo", 61.97, "https://www.youtube.com/watch?v=-_PLZNxHuUo&t=61s"),
        ("30PLZNxHuUo\n", 0.0, None),
        ("30PLZNxHu'o", 0.0, None),
        ("30PLZNxHuUé", 0.0, None),
        ("cooking", 5.0, None),
        ("", 5.0, None),
    ],
)
def test_ids_of_youtube_have_a_page(uid, start, page):
    assert find_page(uid, start) == page
