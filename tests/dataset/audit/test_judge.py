"""A second model as judge, behind a real server on this machine."""

from __future__ import annotations

import json

import pytest

from action100m.cli import main
from action100m.dataset.audit.audit import audit
from action100m.dataset.audit.judge import JudgeConfig, load_judge, parse_verdict
from action100m.dataset.audit.judgement import Agreement, Judged, Verdict, compare_verdicts
from action100m.dataset.io import write_records
from action100m.errors import ConfigError, EndpointError
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.ledger import SqliteLedger
from support.asking import chat_config
from support.chat_server import Asked, ChatServer, completion
from support.records import make_record

GOOD = {"supported": "yes", "contradictory": False, "complete": "partly", "reason": "The captions speak of a cook."}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.parquet"
    write_records([make_record(uid) for uid in ("a", "b", "c")], path)  # three annotations each
    return str(path)


def agree(asked: Asked):
    return completion(json.dumps(GOOD))


def test_a_sample_is_asked_about_with_its_evidence(data):
    with ChatServer(agree) as server:
        judgement = audit(data, judge=JudgeConfig(chat_config(server), nodes=4)).judgement
    assert judgement is not None
    assert len(server.asked) == len(judgement.nodes) == 4
    assert {node.verdict for node in judgement.nodes} == {Verdict(**GOOD)}
    assert all("A cook whisks eggs in a bowl." in asked.text and "A cook stands at a stove." in asked.text for asked in server.asked)
    assert all("misplaced" not in asked.text and "conflict" not in asked.text for asked in server.asked)
    assert any("first we whisk the eggs" in asked.text for asked in server.asked)
    assert sum((one.both, one.only_flags, one.only_judge, one.neither)) == 4 if (one := judgement.agreements[0]) else False
    assert judgement.agreements[2].both + judgement.agreements[2].only_judge == 4  # "partly" complete is a doubt


def test_the_sample_depends_on_the_seed_and_not_on_the_order(tmp_path, data):
    write_records([make_record(uid) for uid in ("c", "a", "b", "a")], tmp_path / "other.parquet")
    with ChatServer(agree) as server:
        drawn = [
            [(node.uid, node.node) for node in audit(source, judge=JudgeConfig(chat_config(server), nodes=4, seed=seed)).judgement.nodes]
            for source, seed in ((data, 0), (str(tmp_path / "other.parquet"), 0), (data, 1))
        ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_reply_that_does_not_fit_is_asked_for_again_with_the_reason(data):
    def stumble(asked: Asked):
        return completion(json.dumps(GOOD)) if "does not fit" in asked.last else completion('{"supported": "maybe"}')

    with ChatServer(stumble) as server:
        judgement = audit(data, judge=JudgeConfig(chat_config(server), nodes=2)).judgement
    assert len(server.asked) == 4
    assert all(node.verdict == Verdict(**GOOD) for node in judgement.nodes)


def test_what_never_fits_has_no_verdict_and_counts_for_nothing(data):
    with ChatServer(lambda asked: completion("I would rather not.")) as server:
        judgement = audit(data, judge=JudgeConfig(chat_config(server), nodes=2, attempts=3)).judgement
    assert len(server.asked) == 6
    assert [node.verdict for node in judgement.nodes] == [None, None]
    assert [one.kappa for one in judgement.agreements] == [None, None, None]


def test_with_a_ledger_nothing_is_asked_twice(data, tmp_path):
    with ChatServer(agree) as server:
        reports = [audit(data, judge=JudgeConfig(chat_config(server), nodes=3), ledger=SqliteLedger(tmp_path / "judge.sqlite")) for _ in range(2)]
    assert reports[0] == reports[1]
    assert len(server.asked) == 3


def test_a_server_that_is_not_there_is_an_error_before_anything_is_read():
    with ChatServer(agree) as server:
        config = JudgeConfig(chat_config(server, retries=0))
    with pytest.raises(EndpointError):
        audit("nowhere.parquet", judge=config)


@pytest.mark.parametrize("text", ["", "yes", "[]", "{}", json.dumps(GOOD | {"supported": "perhaps"}), json.dumps(GOOD | {"more": 1}), "[" * 100_000])
def test_a_reply_that_is_no_verdict_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_verdict(text)


def test_kappa_is_that_of_a_small_table():
    def judged(*, flagged: bool, doubted: bool) -> Judged:
        return Judged(
            "a", "n", ("unsupported",) if flagged else (), Verdict("no" if doubted else "yes", contradictory=False, complete="yes", reason="x")
        )

    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    agreement = compare_verdicts(judged(flagged=flagged, doubted=doubted) for flagged, doubted in pairs)[0]
    assert agreement == Agreement("supported", both=20, only_flags=5, only_judge=10, neither=15)
    assert agreement.kappa == pytest.approx(0.4)


def test_settings_are_read_from_toml_and_wrong_ones_named(tmp_path):
    path = tmp_path / "judge.toml"
    path.write_text('nodes = 7\n[model]\nkind = "endpoint"\nmodel = "some"\n')
    assert load_judge(path) == JudgeConfig(EndpointConfig(model="some"), nodes=7)
    for text, message in (
        ('node = 7\n[model]\nkind = "endpoint"', "node"),
        ("nodes = 0\n[model]\nkind = 'endpoint'", "at least 1"),
        ("nodes = 1", "model"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=message) as raised:
            load_judge(path)
        assert "judge.toml" in str(raised.value)


def test_the_command_prints_flags_rounds_and_agreement(data, tmp_path, monkeypatch, capsys):
    with ChatServer(agree) as server:
        (tmp_path / "judge.toml").write_text(f'nodes = 2\n[model]\nkind = "endpoint"\nmodel = "test-model"\nbase_url = "{server.base_url}"\n')
        monkeypatch.setattr(
            "sys.argv", ["action100m", "audit", data, "--judge", str(tmp_path / "judge.toml"), "--ledger", str(tmp_path / "l.sqlite")]
        )
        with pytest.raises(SystemExit) as ended:
            main()
    printed = capsys.readouterr().out
    assert (ended.value.code or 0) == 0
    assert "3 videos, 21 segments, 9 annotated" in printed
    assert "2 of 2 drawn" in printed
    assert "duplicate" in printed
