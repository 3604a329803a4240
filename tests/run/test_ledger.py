from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Entry
from action100m.run.ledger import Spell, SqliteLedger, open_ledger
from action100m.run.ledger_reader import Gpus, Work, read_ledger

ENTRY = Entry("{}", TokenUsage(100, 20, 64), problem="cut off", ask_again=False, seconds=1.5, retries=2)


OLDEST = """
CREATE TABLE replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, purpose TEXT NOT NULL, model TEXT NOT NULL, reply TEXT NOT NULL,
    input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL, seconds REAL NOT NULL, retries INTEGER NOT NULL
);
CREATE INDEX by_key ON replies (key);
CREATE INDEX by_model ON replies (purpose, model, id, input, output, cached, seconds, retries);
"""
"""The oldest ledgers: no video beside a reply, no table of work, no marks."""


def read_spent(folder):
    with closing(read_ledger(folder)) as ledger:
        return tuple(ledger.spent())


def write_oldest(folder, *, mode="WAL"):
    """A ledger of the oldest form that holds ENTRY under "k"."""
    with closing(sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)) as file:
        file.execute(f"PRAGMA journal_mode = {mode}")
        file.executescript(OLDEST)
        columns = "key, purpose, model, reply, input, cached, output, seconds, retries"
        row = ("k", "annotate", "m", json.dumps(asdict(ENTRY)), 100, 64, 20, 1.5, 2)
        file.execute(f"INSERT INTO replies ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


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


@pytest.mark.parametrize("open_it", [open_ledger, read_ledger])
def test_a_file_that_is_no_ledger_is_named(tmp_path, open_it):
    (tmp_path / "ledger.sqlite").write_bytes(b"something else, and long enough to be looked at" * 30)
    with pytest.raises(StoreError, match=r"ledger\.sqlite: .*move it away"):
        open_it(tmp_path)


def test_a_ledger_that_cannot_be_written_is_not_to_be_moved_away(tmp_path):
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(StoreError, match="see that the file and its folder can be read and written"):
        open_ledger(tmp_path)


def test_a_ledger_of_the_oldest_form_is_read_as_it_is(tmp_path):
    write_oldest(tmp_path)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    (spent,) = read_spent(tmp_path)
    assert (spent.model, spent.requests, spent.usage) == ("m", 1, ENTRY.usage)
    with closing(read_ledger(tmp_path)) as ledger:
        assert (list(ledger.work()), list(ledger.spent(video="v"))) == ([], [])
    assert ((tmp_path / "ledger.sqlite").read_bytes(), names_in(tmp_path)) == (before, ["ledger.sqlite"])


def test_a_ledger_of_the_oldest_form_goes_on(tmp_path):
    write_oldest(tmp_path)
    ledger = open_ledger(tmp_path)
    assert ledger.recall("k") == ENTRY
    ledger.video = "v"
    note(ledger, key="new")
    ledger.note_work(Spell("v", "annotate", 3.0), key="a", gpus={"endpoint m": Gpus(2)})
    reader = ledger.read()
    assert [one.requests for one in reader.spent()] == [2]
    assert [one.requests for one in reader.spent(video="v")] == [1]
    assert list(reader.work()) == [Work("v", "annotate", "a", 3.0, {"endpoint m": Gpus(2)})]


def test_workers_bring_an_old_ledger_up_to_date_at_once(tmp_path):
    write_oldest(tmp_path)
    recalled = []
    workers = [threading.Thread(target=lambda: recalled.append(open_ledger(tmp_path).recall("k"))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert recalled == [ENTRY] * 8


def test_who_reads_leaves_nothing_behind(tmp_path):
    open_ledger(tmp_path).close()
    assert (read_spent(tmp_path), names_in(tmp_path)) == ((), ["ledger.sqlite"])


def test_what_is_being_written_is_read_too(tmp_path):
    ledger = open_ledger(tmp_path)
    note(ledger)
    assert (tmp_path / "ledger.sqlite-wal").stat().st_size
    assert read_spent(tmp_path)[0].requests == 1
    ledger.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can read as somebody who may not write")
def test_a_ledger_in_a_read_only_folder_is_read():
    with TemporaryDirectory() as outer:  # not pytest's own, which only its user may enter
        Path(outer).chmod(0o755)
        folder = Path(outer) / "run"
        folder.mkdir()
        ledger = open_ledger(folder)
        note(ledger)
        ledger.close()
        folder.chmod(0o555)
        code = "import os, sys; from pathlib import Path; from action100m.run.ledger_reader import read_ledger;"
        code += "os.getuid() or os.setuid(65534);"  # root may write everywhere
        code += "print([one.requests for one in read_ledger(Path(sys.argv[1])).spent()])"
        done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
        assert (done.stdout, names_in(folder)) == ("[1]\n", ["ledger.sqlite"]), done.stderr
        folder.chmod(0o755)


def test_hours_are_counted_with_the_first_model_that_is_on_a_gpu():
    work = Work("v", "caption", "k", 7200, {"vlm clips": Gpus(1), "vlm frames": Gpus(1, shared=1), "endpoint m": Gpus(3)})
    assert work.gpu_hours == {("caption", "vlm clips"): 2, ("caption", "vlm frames"): 0, ("caption", "endpoint m"): 6}


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
