"""Whole resamplings: the head falls, the tail rises, as far as the procedure allows; the same seed gives the same files; a break costs little."""

import json
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import read_records
from action100m.dataset.resample.resample import resample
from action100m.dataset.resample.settings import ResampleConfig
from action100m.errors import ConfigError, DataSetError, ModelError
from action100m.record import read_text
from action100m.run.pack import pack
from action100m.run.presets import preview
from action100m.run.run import run_videos
from support.checkpoints import one_torch_thread
from support.clips import time_code_pictures, write_clip
from support.samples import write_samples, zipf_counts
from support.sentences import ToyTextEncoder

ZIPF = zipf_counts(100, 5, head=4000)


@pytest.fixture(scope="module")
def zipf(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("zipf") / "zipf.parquet", ZIPF)


def run(source, out, *, encoder=None, **settings):
    return resample(source, out, ResampleConfig(**{"size": 20_000, "clusters": 100} | settings), encoder=encoder or ToyTextEncoder())


def test_a_planted_zipf_set_becomes_as_even_as_the_procedure_allows(zipf, tmp_path):
    report = run(zipf, tmp_path / "even.parquet", clusters=150)
    clusters, size = report.clusters, 20_000
    scatter = np.sqrt(2 * (clusters - 1)) / (2 * size) / np.log(clusters)
    assert report.before.normalised_entropy < 0.9
    assert report.reachable == pytest.approx(1 - (clusters - 1) / (2 * size * np.log(clusters)), abs=1e-5)
    assert report.after.normalised_entropy == pytest.approx(report.reachable, abs=5 * scatter)
    assert report.after.head_cluster_share < 0.1 < 0.5 < report.before.head_cluster_share
    assert report.after.effective_texts > 2.5 * report.before.effective_texts


def test_the_index_holds_the_draws_and_the_weights_every_sample(zipf, tmp_path):
    report = run(zipf, tmp_path / "even.parquet")
    index, weights, data = (pq.read_table(path) for path in (report.files["index"], report.files["weights"], zipf))
    assert index.column_names == [*data.column_names, "cluster"]
    assert len(index) == 20_000
    assert weights.drop(["cluster", "weight"]).equals(data)
    assert weights["weight"].to_numpy().sum() == pytest.approx(20_000)
    known = dict(zip(weights["node"].to_pylist(), weights.to_pylist(), strict=True))
    for row in index.slice(0, 300).to_pylist():
        assert row.items() <= known[row["node"]].items()


def test_draws_are_those_that_the_weights_expect(zipf, tmp_path):
    report = run(zipf, tmp_path / "even.parquet", size=200_000)
    weights = pq.read_table(report.files["weights"])
    place = {node: number for number, node in enumerate(weights["node"].to_pylist())}
    drawn = np.bincount([place[node] for node in pq.read_table(report.files["index"])["node"].to_pylist()], minlength=len(place))
    expected = weights["weight"].to_numpy()
    deviation = ((drawn - expected) ** 2 / expected).sum() / len(expected)  # chi-squared: 1 on average
    assert deviation == pytest.approx(1, abs=5 * np.sqrt(2 / len(expected)) + 0.02)


def test_counts_are_the_draws_in_the_order_of_the_data(zipf, tmp_path):
    drawn, counted = (pq.read_table(run(zipf, tmp_path / f"{layout}.parquet", layout=layout).files["index"]) for layout in ("drawn", "counted"))
    rows = counted.to_pylist()
    numbers = [int(row["node"].removeprefix("node")) for row in rows]
    assert numbers == sorted(set(numbers))
    nodes, draws = np.unique(drawn["node"].to_pylist(), return_counts=True)
    assert {row["node"]: row["draws"] for row in rows} == dict(zip(nodes.tolist(), draws.tolist(), strict=True))


def test_samples_inside_a_cluster_may_keep_their_weight(zipf, tmp_path):
    by_text, by_sample = (run(zipf, tmp_path / f"{members}.parquet", members=members) for members in ("texts", "samples"))
    assert by_sample.after.normalised_entropy == pytest.approx(by_text.after.normalised_entropy, abs=0.01)
    assert by_sample.after.effective_texts < 0.95 * by_text.after.effective_texts


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(zipf, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        run(zipf, tmp_path / name / "even.parquet", seed=seed)
    files = sorted(path.name for path in (tmp_path / "a").iterdir() if path.is_file())
    assert files == ["even.centroids.npy", "even.json", "even.parquet", "even.weights.parquet"]
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)
    assert (tmp_path / "a/even.parquet").read_bytes() != (tmp_path / "c/even.parquet").read_bytes()


def test_the_report_is_written_beside_it_and_says_what_was_asked(zipf, tmp_path):
    report = run(zipf, tmp_path / "even.parquet")
    told = json.loads((tmp_path / "even.json").read_text())
    assert told == json.loads(report.to_json())
    assert told["settings"]["seed"] == 0
    assert told["encoder"] == "toy words"
    assert np.load(tmp_path / "even.centroids.npy").shape == (100, 64)
    assert "20,000" in str(report)
    assert "verb0a" in str(report)


def test_other_sizes_and_clusters_go_on_from_the_vectors(zipf, tmp_path):
    first, second = ToyTextEncoder(), ToyTextEncoder()
    run(zipf, tmp_path / "even.parquet", encoder=first)
    run(zipf, tmp_path / "even.parquet", encoder=second, clusters=20, size=50)
    assert len(first.asked) == len(ZIPF)
    assert second.asked == []
    assert sorted(path.name for path in (tmp_path / "even.parquet.work").iterdir()) == ["vectors.npy", "vectors.npy.json"]


def test_a_killed_call_goes_on_from_the_vectors_that_are_there(tmp_path):
    file = write_samples(tmp_path / "many.parquet", {f"stir pot {number}": 1 for number in range(5000)})
    code = """
        import os, signal, sys
        from action100m.dataset.resample.resample import resample
        from action100m.dataset.resample.settings import ResampleConfig
        from support.sentences import ToyTextEncoder
        class Dies(ToyTextEncoder):
            def encode(self, texts):
                if len(self.asked) >= 4096:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().encode(texts)
        resample(sys.argv[1], sys.argv[2], ResampleConfig(size=100, clusters=10), encoder=Dies())
    """
    call = [sys.executable, "-c", textwrap.dedent(code), str(file), str(tmp_path / "even.parquet")]
    done = subprocess.run(call, cwd=next(path for path in map(str, sys.path) if path.endswith("tests")), check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "even.parquet").exists()
    encoder = ToyTextEncoder()
    resumed = run(file, tmp_path / "even.parquet", encoder=encoder, size=100, clusters=10)
    assert len(encoder.asked) == 5000 - 4096
    fresh = run(file, tmp_path / "fresh.parquet", size=100, clusters=10)
    assert (tmp_path / "even.parquet").read_bytes() == (tmp_path / "fresh.parquet").read_bytes()
    assert resumed.after == fresh.after


def test_more_clusters_than_texts_are_said_and_each_text_is_one(tmp_path):
    file = write_samples(tmp_path / "few.parquet", {"Speak to camera": 90, "Whisk the eggs": 9, "Fold paper": 1})
    report = run(file, tmp_path / "even.parquet", clusters=1000, size=3000)
    assert report.clusters == 3
    assert report.notes == ("1,000 clusters of 3 distinct texts: each text is a cluster of its own",)
    assert [(share.text, share.before) for share in report.head_texts] == [("Speak to camera", 0.9), ("Whisk the eggs", 0.09), ("Fold paper", 0.01)]
    assert all(share.after == pytest.approx(1 / 3, abs=0.05) for share in report.head_texts)


def test_one_text_is_drawn_over_and_over(tmp_path):
    report = run(write_samples(tmp_path / "one.parquet", {"Whisk": 2}), tmp_path / "even.parquet", clusters=1, size=10)
    assert report.after.normalised_entropy == report.reachable == 1
    assert len(pq.read_table(tmp_path / "even.parquet")) == 10


def test_the_real_actions_with_a_long_tail_lose_their_head(shared, tmp_path):
    pytest.importorskip("sentence_transformers", reason="needs the extra 'text'")
    from action100m.models.text.minilm import MiniLMConfig

    head = {"Speak to camera": 3000, "Talk to camera": 1000, "Speak and gesture": 800, "Stir mixture": 600, "Stir pot": 400}
    things = ("a gear", "clay", "a violin", "yarn", "a kite", "tiles", "a canoe", "bamboo", "a drone", "wax")
    tail = {f"{verb} {thing}": 1 for verb in ("Polish", "Repair", "Paint", "Measure", "Carry", "Wrap") for thing in things}
    made = write_samples(tmp_path / "made.parquet", head | tail)
    with one_torch_thread():
        report = run([shared / "data/action100m/examples.parquet", made], tmp_path / "even.parquet", encoder=MiniLMConfig(device="cpu").load())
    assert (report.before.samples, report.texts) == (1237 + 5860, 978)
    assert report.before.head_share > 0.8
    assert report.after.head_share < 0.15
    speaking = [share for share in report.head_texts if share.text in ("Speak to camera", "Talk to camera", "Speak and gesture")]
    assert sum(share.before for share in speaking) > 0.6
    assert sum(share.after for share in speaking) < 0.03
    assert report.after.cluster_entropy > report.before.cluster_entropy + 1
    assert report.after.normalised_entropy == pytest.approx(report.reachable, abs=0.002)
    assert report.after.effective_texts > 10 * report.before.effective_texts


def test_a_set_that_our_engine_made_is_resampled_by_any_of_its_texts(tmp_path):
    pictures = [picture if number < 50 else 255 - picture for number, picture in enumerate(time_code_pictures([k / 10 for k in range(90)]))]
    clip = write_clip(tmp_path / "clip.mp4", pictures, fps=10)
    run_videos([str(clip)], str(tmp_path / "run"), preview())
    pack(tmp_path / "run", tmp_path / "data.parquet")
    (record,) = read_records(tmp_path / "data.parquet")
    for field in ("brief_action", "clip_caption"):
        texts = [text for node in record.tree.nodes if (text := read_text(node, field))]
        report = run(tmp_path / "data.parquet", tmp_path / f"{field}.parquet", field=field, size=30)
        assert (report.before.samples, report.texts) == (len(texts), len(set(texts)))
        assert set(pq.read_table(tmp_path / f"{field}.parquet")["text"].to_pylist()) <= set(texts)


def test_what_cannot_be_read_is_reported(zipf, tmp_path):
    (tmp_path / "bad.parquet").write_text("no parquet")
    report = run([zipf, tmp_path / "bad.parquet"], tmp_path / "even.parquet")
    assert not report.ok
    assert "bad.parquet" in report.left_out[0]
    assert "left out: " in str(report)
    with pytest.raises(DataSetError, match="no sample"):
        run(tmp_path / "bad.parquet", tmp_path / "even.parquet")


class _Broken(ToyTextEncoder):
    """Fails at the first text."""

    def encode(self, texts):
        raise ModelError(f"cannot encode {len(texts)} texts")


def test_a_failure_leaves_no_copy_of_the_samples(tmp_path):
    file = write_samples(tmp_path / "data.parquet", {"Whisk": 3, "Stir": 1})
    with pytest.raises(ModelError, match="cannot encode 2 texts"):
        run(file, tmp_path / "even.parquet", encoder=_Broken(), clusters=2, size=5)
    assert list((tmp_path / "even.parquet.work").glob("*.arrow")) == []


def test_what_was_written_before_is_not_read_as_data(tmp_path):
    write_samples(tmp_path / "data.parquet", {"Whisk": 3, "Stir": 1})
    run(tmp_path, tmp_path / "even.parquet", clusters=2, size=5)
    with pytest.raises(ConfigError, match="outside the folder of the data"):
        run(tmp_path, tmp_path / "even.parquet", clusters=2, size=5)


def test_outputs_have_to_be_local(zipf):
    with pytest.raises(ConfigError, match="local Parquet file"):
        run(zipf, "memory://even.parquet")


@pytest.mark.parametrize(
    "settings",
    [{"size": 0}, {"clusters": 0}, {"seed": -1}, {"points_per_cluster": 0}, {"field": "x"}, {"members": "x"}, {"method": "x"}, {"layout": "x"}],
    ids=lambda one: next(iter(one)),
)
def test_settings_out_of_bounds_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ResampleConfig(**{"size": 1} | settings)
