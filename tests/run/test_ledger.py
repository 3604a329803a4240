from __future__ import annotations

import sqlite3
import threading

import pytest

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Entry
from action100m.run.ledger import SqliteLedger, open_ledger, read_spent

ENTRY = Entry("{}", TokenUsage(100, 20, 64), problem="cut off", ask_again=False, seconds=1.5, retries=2)


def note(ledger, key="k", entry=ENTRY, purpose="annotate", model="m"):
    ledger.note(key, entry, purpose=purpose, model=model)


def test_a_reply_is_read_back_as_it_was_noted_also_by_another_process(tmp_path):
    note(open_ledger(tmp_path))
    assert open_ledger(tmp_path).recall("k") == ENTRY
    assert open_ledger(tmp_path).recall("other") is None


def test_the_latest_reply_counts_and_the_totals_count_them_all(tmp_path):
    ledger = open_ledger(tmp_path)
    note(ledger)
    note(ledger, entry=Entry("better", TokenUsage(10, 2, 1), seconds=0.5))
    note(ledger, key="clip", purpose="caption", model="v")
    assert ledger.recall("k").text == "better"
    first, second = read_spent(tmp_path)
    assert (first.purpose, first.model, first.requests, first.usage, first.seconds, first.retries) == (
        "annotate", "m", 2, TokenUsage(110, 22, 65), 2.0, 2,
    )  # fmt: skip
    assert (second.purpose, second.requests) == ("caption", 1)


def test_what_was_noted_before_a_mark_is_not_recalled_since_it(tmp_path):
    ledger = open_ledger(tmp_path)
    note(ledger)
    mark = ledger.mark("a retry")
    assert ledger.recall("k", since=mark) is None
    note(ledger, entry=Entry("better"))
    assert open_ledger(tmp_path).mark("a retry") == mark < ledger.mark("another")
    assert ledger.recall("k", since=mark).text == "better"
    assert ledger.recall("k", since=ledger.mark("another")) is None


def test_any_thread_may_note_and_recall(tmp_path):
    ledger, recalled = open_ledger(tmp_path), []

    def work():
        note(ledger)
        recalled.append(ledger.recall("k"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert recalled == [ENTRY] == [ledger.recall("k")]


def test_workers_write_at_once_and_nothing_is_lost(tmp_path):
    def work(number):
        ledger = open_ledger(tmp_path)
        for reply in range(50):
            note(ledger, key=f"{number}-{reply}")
        ledger.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert read_spent(tmp_path)[0].requests == 200


def test_half_a_surrogate_pair_in_a_raw_reply_is_kept(tmp_path):
    note(open_ledger(tmp_path), entry=Entry("\ud83d"))
    assert open_ledger(tmp_path).recall("k").text == "\ud83d"


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"something else, and long enough to be looked at" * 30)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: .*move it away"):
        open_ledger(tmp_path)


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    class Full:
        def execute(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

    ledger = open_ledger(tmp_path)
    monkeypatch.setattr(ledger, "_file", Full())
    with pytest.raises(StoreError, match="disk is full"):
        note(ledger)


def test_a_run_behind_a_url_has_no_ledger():
    assert open_ledger(None) is None
    assert read_spent(None) == ()


def test_nothing_spent_makes_no_file(tmp_path):
    assert read_spent(tmp_path) == ()
    assert not (tmp_path / "ledger.sqlite").exists()
    assert isinstance(SqliteLedger(tmp_path / "ledger.sqlite"), SqliteLedger)
