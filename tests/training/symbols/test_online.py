"""Online coding is honest: every byte is told by weights that have not seen it, and its bits are counted right."""

import bz2
import json
from math import log2
from pydoc_data.topics import topics

import numpy as np
import pytest
import torch

from carousel import texts
from carousel.errors import CarouselError
from carousel.experiments import resolve
from carousel.report.from_run import report_run
from carousel.training import configure, evaluate, fit, generate, open_run, override, resume
from carousel.training.environment import seeded
from carousel.training.symbols import replay
from carousel.training.symbols.coder import OnlineCoder
from carousel.training.symbols.replay import Replay, online
from carousel.training.tasks.symbols import compared
from commands import call, one_object, sentence
from helpers import assert_same
from kills import killed_after

SMALL = ["hidden_size=8", "embedding_size=4", "epochs=3", "batch_size=3", "unroll=12", "learning_rate=0.01"]
TEXT = topics["with"].encode("ascii", "ignore")[:1200]


@pytest.fixture(scope="module", autouse=True)
def each_is_short():
    """The texts of tests are short, and yet to be read again in several streams."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "EACH", 100)
        yield


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "help.txt"
    path.write_bytes(TEXT)
    return path


def config_of(file, *settings):
    return override(configure(file, "online")[0], [*SMALL, *settings])


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    return fit(config_of(file), tmp_path_factory.mktemp("run"), progress=False)


def steps_of(config, text):
    """A model that tells a text and learns from it, step by step: yields (model, batch) before each."""
    with seeded(config.training.seed, "cpu"):
        model = OnlineCoder(config, len(text))
        training = config.training
        loader = online(
            np.frombuffer(text, np.uint8).copy(), advance=training.advance, length=training.unroll,
            rows=training.batch_size, past=model.past, epochs=training.epochs, seed=training.seed,
        )  # fmt: skip
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
        model.train()
        for epoch in range(training.epochs):
            loader.sampler.set_epoch(epoch)
            for batch in loader:
                yield model, batch
                loss = model.training_step(batch, 0)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
                optimizer.step()


@pytest.mark.parametrize("epochs", [1, 4])
@pytest.mark.parametrize("advance, length, symbols", [(1, 5, 30), (4, 3, 29), (4, 11, 50), (7, 100, 80)])
def test_all_is_told_once_in_order_and_learnt_from_only_then(advance, length, symbols, epochs, monkeypatch):
    monkeypatch.setattr(replay, "EACH", 8)
    order = Replay(symbols, advance, length, 4, epochs, torch.Generator().manual_seed(0))
    told, rows = 1, 0
    for epoch in range(epochs):
        order.set_epoch(epoch)
        before = None
        assert len(order) == len(list(order))
        for step in order:
            assert step.told == (told, min(told + advance, symbols))
            told = step.told[1]
            assert step.length == min(length, told - 1)
            assert step.again[0] + step.length == told and step.starts[0]
            assert all(1 <= place <= told - step.length for place in step.again)
            assert len(step.again) == len(step.starts) == 1 + min(3, told // 8)
            for row, anew in enumerate(step.starts):
                assert anew or step.again[row] == before.again[row] + before.length
                rows += not anew
            before = step
    assert told == symbols
    assert rows or length > 50  # some streams go on


def test_batches_hold_what_the_steps_say():
    symbols = np.arange(60, dtype=np.uint8)
    loader = online(symbols, advance=5, length=8, rows=3, past=2, epochs=2, seed=0)
    seen = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            told = batch.told.symbols[:, 0].tolist()
            if batch.first == 1:
                assert told[:3] == [-1, -1, 0] and batch.told.starts.tolist() == [True]
            else:
                assert told[:3] == [batch.first - 3, batch.first - 2, batch.first - 1]
                assert batch.told.starts.tolist() == [False]
            seen += told[3:]
            again = batch.again.symbols
            assert again.max() == seen[-1] and again.dtype == torch.int64
            assert torch.equal(again[3:], again[2:-1] + 1)
    assert seen == list(range(1, 60))


@pytest.mark.parametrize("layer", ["lstm", "augmented"])
def test_bits_are_those_of_an_evaluation_symbol_by_symbol(layer, file, run, tmp_path):
    """One byte at a time is told, from nothing but the bytes before it, beside the same training in a plain loop."""
    if layer != run.config.model.layer:
        run = fit(config_of(file, f"layer={layer}", "context=[2, 0]"), tmp_path / "run", progress=False)
    bits, state = [8.0], None
    known = torch.cat([torch.full((3,), -1), torch.tensor(list(TEXT))])
    for model, batch in steps_of(run.config, TEXT):
        model.eval()
        with torch.no_grad():
            while len(bits) < min(batch.first + run.config.training.advance, len(TEXT)):
                seen = model.coded(known[: len(bits) + 3][-1 - model.past :]).unsqueeze(1)
                halo = {"halo": seen[:-1]} if model.past else {}
                v, state = model.layer(seen[-1:], state, **halo)
                chances = model.head(v[0, 0]).double().softmax(dim=0)
                bits.append(-log2(chances[TEXT[len(bits)]]))
        model.train()
    assert_same(run.load_model().bits.double(), torch.tensor(bits, dtype=torch.float64), 1e-5)
    assert run.metrics()["test"]["loss"] == pytest.approx(np.mean(bits), abs=1e-5)


class Leak(Replay):
    """Learns from stretches that reach into what has not been told yet."""

    reach = 1

    def __iter__(self):
        for step in super().__iter__():
            ahead = min(self.reach, self.symbols - step.told[1])
            yield step._replace(again=(step.again[0] + ahead, *step.again[1:]))


class LongLeak(Leak):
    reach = 9


def told_bits(content, folder, *settings):
    folder.mkdir()
    (folder / "a.txt").write_bytes(content)
    return fit(config_of(folder / "a.txt", *settings), folder / "run", progress=False).load_model().bits


@pytest.mark.parametrize("order", [Replay, LongLeak])
def test_what_comes_later_does_not_change_what_was_told(order, tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "Replay", order)
    changed = bytearray(TEXT[:400])
    changed[201:] = bytes(reversed(changed[201:]))
    one, other = told_bits(TEXT[:400], tmp_path / "one"), told_bits(bytes(changed), tmp_path / "other")
    assert not torch.equal(one[201:], other[201:])
    assert torch.equal(one[:201], other[:201]) == (order is Replay)


@pytest.mark.parametrize("order", [Replay, Leak])
def test_bits_are_the_lengths_of_a_code(order, file, monkeypatch):
    """Over all bytes that could come next, 2 ** -bits is 1 in all: none is told by weights that have learnt it."""
    monkeypatch.setattr(replay, "Replay", order)
    config, place, total = config_of(file, "epochs=1", "hidden_size=4", "learning_rate=0.1"), 9, 0.0
    for byte in range(256):
        *_, (model, batch) = steps_of(config, TEXT[:place] + bytes([byte]))
        assert batch.first == place
        total += 2.0 ** -float(model.bits[place])
    assert (abs(total - 1) < 1e-5) == (order is Replay), total


def test_what_repeats_costs_next_to_nothing(tmp_path):
    bits = told_bits(b"the same. " * 150, tmp_path / "a", "hidden_size=16", "learning_rate=0.03", "dropout=0")
    assert bits[:100].mean() > 2 and bits[-300:].mean() < 0.3


def test_metrics_stand_beside_compressors_of_the_whole_text(run):
    metrics = run.metrics()
    assert metrics["test"]["symbols"] == len(TEXT) and metrics["best_epoch"] == metrics["epochs"] == 3
    assert metrics["test"]["rivals"]["bz2"] == pytest.approx(8 * len(bz2.compress(TEXT)) / len(TEXT))
    bits = run.load_model().bits.double()
    assert bits[0] == 8 and metrics["test"]["loss"] == float(bits.mean())
    rows = run.history()
    steps = -(-(len(TEXT) - 1) // 8)
    symbols = 8 * -(-steps // 3)
    for index, row in enumerate(rows):
        told = bits[1 + index * symbols : 1 + (index + 1) * symbols]
        assert row["validation_loss"] == pytest.approx(float(told.mean()), rel=1e-6)
    assert evaluate(run.folder) == metrics["test"]


def test_the_verdict_is_one_sentence(run):
    told = {"loss": 2.0, "symbols": 10, "rivals": {"gzip": 4.0, "bz2": 2.5, "xz": 3.0}}
    assert run.task.verdict(told) == (
        "Each byte told before it was learnt from, the text takes 2.000 bits a byte, 20 % fewer than bz2, the best of "
        "the compressors (gzip 4.000, bz2 2.500, xz 3.000)."
    )


def test_a_text_told_without_learning_says_so(run):
    scores = {"loss": 2.0, "symbols": 1000, "rivals": {}}
    assert run.task.told(scores) == "2.000 bits a symbol over 1,000 symbols"
    assert run.task.told(scores | {"accuracy": 0.5}) == (
        "2.000 bits a symbol over 1,000 symbols, by the final weights, without learning"
    )


@pytest.mark.parametrize(
    "bits, rival, words",
    [
        (1.5, 2.0, "25 % fewer than bz2"),
        (3.0, 2.0, "50 % more than bz2"),
        (2.0001, 2.0, "as many as bz2"),
        (0.25, 0.0004, "0.250 more than bz2"),
        (0.0003, 0.0, "as many as bz2"),
        (0.1, 0.0, "0.100 more than bz2"),
    ],
)
def test_a_comparison_with_next_to_nothing_is_no_share(bits, rival, words):
    assert compared(bits, {"gzip": 5.0, "bz2": rival}) == f"{words}, the best of the compressors"


def test_nothing_online_is_called_best_or_test(run):
    metrics = run.metrics()
    for text in (
        texts.fitted(run.folder, metrics, run.task, run.folder, None, None),
        texts.interrupted(run.folder, metrics, run.task),
    ):
        assert "last epoch  " in text and "before it was learnt" in text
        assert "best epoch" not in text and "validation" not in text and "\ntest" not in text
    assert "\ncode length " in texts.fitted(run.folder, metrics, run.task, run.folder, None, None)
    assert texts.evaluated(None, metrics["test"], run.task).startswith("code length: ")
    page = report_run(run.folder).read_text()
    assert "last epoch" in page and "best epoch" not in page and "validation part" not in page
    assert "Validation" not in page and "in replay and in coding. At the last epoch, " in page


def test_a_resumed_run_has_the_same_bits(run, tmp_path):
    with killed_after(5):  # the configuration and the four files of an epoch
        fit(run.config, tmp_path / "run", progress=False)
    with pytest.raises(
        CarouselError, match=r"401 of 1,200 bytes have been told; go on with `carousel fit --resume`"
    ):
        evaluate(tmp_path / "run")
    resume(tmp_path / "run", progress=False)
    one, other = run.folder / "model.safetensors", tmp_path / "run" / "model.safetensors"
    assert one.read_bytes() == other.read_bytes()


def test_the_commands(file, tmp_path):
    folder = tmp_path / "run"
    settings = [part for setting in SMALL for part in ("--set", setting)]
    result = call("fit", file, "--task", "online", *settings, "--out", folder)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("Each byte told before it was learnt from, the text takes ")
    assert "1,200 bytes, each told before it is learnt from" in result.stderr
    assert " before it was learnt\n" in result.stderr and "validation" not in result.stderr
    assert "code_length" in (path.stem for path in (folder / "figures").iterdir())
    assert call("predict", folder, "--length", 20).stdout == generate(folder, 20) + "\n"
    found = one_object(call("evaluate", folder, "--data", file, "--json"))
    assert found["symbols"] == len(TEXT) and found["loss"] != open_run(folder).metrics()["test"]["loss"]
    assert json.loads((folder / "metrics.json").read_text())["test"]["symbols"] == len(TEXT)


def test_what_cannot_be_coded_gets_a_sentence(file, tmp_path):
    got = sentence(call("fit", file, "--task", "online", "--set", "alphabet=characters"))
    assert got == (
        "settings: task 'online' tells bytes, got alphabet 'characters': which characters occur would have to be known "
        "beforehand; set alphabet to bytes"
    )
    (tmp_path / "short.txt").write_text("too short")
    got = sentence(call("fit", tmp_path / "short.txt", "--task", "online"))
    assert got == (
        f"cannot read '{tmp_path / 'short.txt'}': it has 9 symbols, too few to be told in 20 epochs of steps of 8 "
        "symbols; give a longer text, or lower epochs or advance"
    )
    got = sentence(call("fit", file, "--task", "online", "--set", "bidirectional=true"))
    assert "would see what task 'online' has to predict" in got


def test_any_file_is_coded_a_table_too(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 50)
    config, _ = configure(tmp_path / "a.csv", "online")
    assert config.task.kind == "online" and config.data.table is None
    assert resolve("text").task == config.task
