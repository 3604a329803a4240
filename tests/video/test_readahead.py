"""Items made in a thread arrive in order, with their errors, and the thread ends with its reader."""

from __future__ import annotations

import threading
import time

import pytest

from action100m.video.readahead import read_ahead


def no_thread_is_left():
    return not [thread for thread in threading.enumerate() if thread.name == "action100m-decode"]


def count_up(made, *, error_at=None, closed=None):
    try:
        for number in range(1000):
            if number == error_at:
                raise OSError("broken")
            made.append(number)
            yield number
    finally:
        if closed is not None:
            closed.append(threading.current_thread().name)


def test_items_arrive_in_order():
    assert list(read_ahead(count_up([]))) == list(range(1000))
    assert no_thread_is_left()


def test_an_error_arrives_after_the_items_before_it():
    read = []
    with pytest.raises(OSError, match="broken"):
        read.extend(_collect(read_ahead(count_up([], error_at=7)), read))
    assert read == list(range(7))
    assert no_thread_is_left()


def _collect(items, into):
    for item in items:
        into.append(item)
    return []


def test_never_more_than_the_depth_is_made_ahead():
    made = []
    items = read_ahead(count_up(made), depth=3)
    next(items)
    time.sleep(0.05)
    assert len(made) <= 1 + 3 + 1  # read, in the queue, in the maker's hand
    items.close()


def test_closing_early_ends_the_maker_in_its_own_thread():
    closed = []
    items = read_ahead(count_up([], closed=closed), depth=2)
    next(items)
    items.close()
    assert closed == ["action100m-decode"]
    assert no_thread_is_left()


def test_nothing_starts_before_the_first_item_is_asked_for():
    made = []
    items = read_ahead(count_up(made))
    assert no_thread_is_left()
    items.close()
    assert made == []


def test_a_forgotten_reader_leaves_no_thread():
    items = read_ahead(count_up([]))
    next(items)
    del items
    assert no_thread_is_left()
