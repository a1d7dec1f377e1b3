"""Music from MIDI files to a run, to likelihoods beside simple means, to a MIDI file."""

import json

import mido
import numpy as np
import pytest
import torch
from scipy.stats import bernoulli

from carousel.data import batches
from carousel.data.midi import midi_file, read_midi
from carousel.data.music import read_music
from carousel.data.rolls import KEYS, NAMES
from carousel.errors import CarouselError
from carousel.experiments import resolve
from carousel.training import MusicModel, compose, configure, evaluate, fit, generate, open_run, override
from carousel.training.music.parts import FEW, STRETCH, parts, stretches
from carousel.training.music.simple import losses_of_rivals, rates
from carousel.training.tasks import TASKS
from commands import call, one_object, sentence
from helpers import assert_same
from known_data import stand_in
from tunes import tune

SMALL = ["hidden_size=12", "epochs=3", "batch_size=4", "learning_rate=0.03"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tunes")
    for seed in range(12):
        (folder / f"{seed:02}.mid").write_bytes(midi_file(tune(seed, 20 + seed).astype(np.uint8), 1.0))
    return folder


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    config, found = configure(folder)
    assert found == ["The task is to tell the next frame of music: the folder holds MIDI files."]
    return fit(override(config, SMALL), tmp_path_factory.mktemp("run"), progress=False)


def test_losses_are_those_of_a_plain_loop(run):
    """Frames 2 to T of every piece, each told from those before it: minus the log of what all 88 keys were given."""
    model, test = run.load_model(), run.task.prepare(run.config).test
    losses = []
    with torch.no_grad():
        for roll in map(torch.from_numpy, test.values):
            for n in range(1, len(roll)):
                seen = torch.cat([torch.zeros(1, KEYS), roll[:n]])
                logits = model.head(model.layer(seen)[0][-1]).double() + model.sounds.double().logit()
                chances = logits.sigmoid().numpy()
                losses.append(-bernoulli.logpmf(roll[n].numpy(), chances).sum())
    scores = run.metrics()["test"]
    assert scores["frames"] == len(losses) == sum(test.lengths - 1)
    assert scores["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert evaluate(run.folder) == scores


def test_padding_and_what_is_to_come_change_nothing(run):
    model, test = run.load_model(), run.task.prepare(run.config).test
    (batch,) = batches(test, len(test))
    with torch.no_grad():
        together = model(batch.x)
        for row, roll in enumerate(map(torch.from_numpy, test.values)):
            assert_same(together[: len(roll), row], model(roll.unsqueeze(1))[:, 0], 1e-6)
            assert_same(together[:5, row], model(roll[:5].unsqueeze(1))[:, 0], 1e-6)
    scores = model.scores(batch)
    assert len(scores["loss"]) == sum(test.lengths - 1)
    assert len(model.train().scores(batch)["loss"]) == sum(test.lengths)  # silence comes before a first frame


def test_simple_means_are_counted_on_the_training_part():
    first, second = np.zeros((5, KEYS), np.float32), np.zeros((3, KEYS), np.float32)
    first[:, 40] = [1, 1, 0, 1, 1]
    second[:, 40] = [0, 0, 1]
    found = rates([first, second])
    assert {name: share[40] for name, share in found.items()} == pytest.approx(
        {"sounds": 4.5 / 7, "begins": 2.5 / 4, "stays": 2.5 / 4}
    )
    model = MusicModel(override(resolve("music"), ["hidden_size=2"]))
    for name, share in found.items():
        model.get_buffer(name).copy_(torch.from_numpy(share))
    rivals = losses_of_rivals(model, torch.from_numpy(first[:-1]), torch.from_numpy(first[1:]))
    others = (KEYS - 1) * -np.log(1 - 0.5 / 7)
    assert rivals["key frequencies"] == pytest.approx(
        others - np.mean(np.log([4.5 / 7] * 3 + [2.5 / 7])), rel=1e-5
    )
    came = -np.mean(np.log([2.5 / 4, 1.5 / 4, 2.5 / 4, 2.5 / 4]))
    assert rivals["last frame"] == pytest.approx(others + came, rel=1e-5)


def test_it_learns_and_says_who_won(folder, tmp_path):
    config = override(
        configure(folder)[0], ["hidden_size=24", "epochs=20", "batch_size=2", "learning_rate=0.03"]
    )
    run = fit(override(config, ["dropout=0"]), tmp_path / "run", progress=False)
    test = run.metrics()["test"]
    assert test["loss"] < 0.6 * min(test["rivals"].values()) and test["accuracy"] > 0.8
    assert run.task.verdict({"loss": 6.0, "rivals": {"last frame": 8.0, "key frequencies": 9.0}}) == (
        "The model's negative log-likelihood is 6.00 nats a frame of the test part, 25 % less than that of the best simple "
        "means (last frame 8.00, key frequencies 9.00)."
    )


@pytest.mark.parametrize(
    ("loss", "said"),
    [(8.001, "as many as"), (7.99, "0.1 % less than"), (8.03, "0.4 % more than"), (9.0, "12 % more than")],
)
def test_what_is_nearly_as_good_is_told_apart(loss, said):
    told = TASKS["music"].verdict({"loss": loss, "rivals": {"last frame": 8.0, "key frequencies": 9.0}})
    assert f", {said} that of the best simple means (" in told


def test_equal_pieces_are_on_one_side(folder):
    pieces = read_music(folder, 1.0)
    twice = pieces.select([*range(len(pieces)), *range(len(pieces))])
    for seed in range(5):
        once, both = parts(pieces, 0.2, 0.2, seed), parts(twice, 0.2, 0.2, seed)
        assert [2 * part.ids for part in once] == [part.ids for part in both]
    same = pieces.select([0] * FEW)
    assert [len(part) for part in parts(same, 0.2, 0.2, 0)] == [FEW] * 3  # each is cut in three


def test_few_pieces_are_cut_in_time_and_more_are_drawn(folder):
    pieces = read_music(folder, 1.0)
    assert len(pieces) >= FEW
    train, validation, test = parts(pieces, 0.2, 0.2, 7)
    assert sorted((*train.ids, *validation.ids, *test.ids)) == sorted(pieces.ids)
    assert parts(pieces, 0.2, 0.2, 8)[2].ids == test.ids  # the test part is the same for every seed
    few = pieces.select([0, 1])
    cut = parts(few, 0.2, 0.2, 7)
    for index, roll in enumerate(few.values):
        np.testing.assert_array_equal(np.concatenate([part.values[index] for part in cut]), roll)
    assert [len(part.values[0]) for part in cut] == [12, 4, 4]
    with pytest.raises(CarouselError, match="piece '00.mid' has 20 frames, too few to be cut"):
        parts(few, 0.2, 0.01, 7)


def test_long_pieces_are_learnt_in_stretches(folder):
    pieces = read_music(folder, 1.0).select([0])
    long = np.concatenate([pieces.values[0]] * 20)
    cut = stretches(type(pieces)((long,), NAMES, ("long",)))
    assert max(cut.lengths) <= STRETCH + 1 and min(cut.lengths) > STRETCH // 2
    assert cut.labels.tolist() == [0, 1, 1, 1]
    new = [part[goes_on:] for part, goes_on in zip(cut.values, cut.labels, strict=True)]
    np.testing.assert_array_equal(np.concatenate(new), long)
    for before, part in zip(cut.values, cut.values[1:], strict=False):
        np.testing.assert_array_equal(part[0], before[-1])
    model = MusicModel(override(resolve("music"), ["hidden_size=2"])).train()
    (batch,) = batches(cut, len(cut))
    assert len(model.scores(batch)["loss"]) == len(long)  # each frame is learnt once


def test_what_is_composed_is_drawn_from_what_is_said(run):
    model = run.load_model()
    roll = compose(run.folder, length=40, seed=3)
    assert roll.shape == (40, KEYS) and roll.dtype == np.uint8
    np.testing.assert_array_equal(roll, compose(run.folder, length=40, seed=3))
    assert not np.array_equal(roll, compose(run.folder, length=40, seed=4))
    certain = compose(run.folder, length=8, temperature=0)
    with torch.no_grad():
        logits = model(torch.from_numpy(certain).float().unsqueeze(1))[:, 0]
    np.testing.assert_array_equal(certain, (logits > 0).numpy())
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.linspace(-2, 2, KEYS))
        model.sounds.fill_(0.5)
    from carousel.training.music.composition import composed

    for temperature in (1.0, 0.5):
        shares = composed(model, 3000, temperature, 0).mean(axis=0)
        np.testing.assert_allclose(shares, (model.head.bias.detach() / temperature).sigmoid(), atol=0.05)


@pytest.mark.parametrize("layer", ["augmented", "torch", "gru"])
def test_other_layers(layer, folder, tmp_path):
    run = fit(
        override(configure(folder)[0], [*SMALL, "epochs=1", f"layer={layer}"]),
        tmp_path / "run",
        progress=False,
    )
    assert compose(run.folder, 4).shape == (4, KEYS)


def test_the_commands(folder, tmp_path):
    result = call(
        "fit", folder, *(part for one in SMALL for part in ("--set", one)), "--out", tmp_path / "run"
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("The model's negative log-likelihood is ")
    assert f"  carousel predict {tmp_path / 'run'} --out piece.mid\n" in result.stdout
    pictures = sorted(path.stem for path in (tmp_path / "run" / "figures").iterdir())
    assert pictures == ["composition", "learning_curves", "test_piece"]
    piece = tmp_path / "piece.mid"
    result = call(
        "predict", tmp_path / "run", "--out", piece, "--length", 12, "--seed", 1, "--temperature", 0.8
    )
    assert result.stdout == f"12 beats written to {piece}\n"
    wanted = compose(tmp_path / "run", 12, 0.8, 1)
    first = int(np.flatnonzero(wanted.any(axis=1))[0])
    np.testing.assert_array_equal(read_midi(piece, 1.0), wanted[first:][: len(read_midi(piece, 1.0))])
    assert mido.MidiFile(piece).length == pytest.approx(12 * 60 / 90)
    assert one_object(call("predict", tmp_path / "run", "--out", piece, "--json"))["beats"] == 64
    table = call("predict", tmp_path / "run", "--data", folder / "00.mid").stdout.splitlines()
    assert table[0] == "piece,frame,nll,sounding,told" and len(table) == 20
    assert table[1].startswith("00.mid,2,")
    assert (
        "nats a frame over 19 frames"
        in call("evaluate", tmp_path / "run", "--data", folder / "00.mid").stdout
    )
    got = sentence(call("report", tmp_path / "run", "--sequence", "7"))
    assert got.startswith("the test part has no piece '7'; its 2 run from '")


def test_what_cannot_be_done_gets_a_sentence(run, folder, tmp_path):
    assert (
        sentence(call("predict", run.folder))
        == "a run on music writes a MIDI file, got none; give --out piece.mid"
    )
    got = sentence(call("predict", run.folder, "--out", "piece.wav"))
    assert got == "a run on music writes a MIDI file, got piece.wav; give --out piece.mid"
    got = sentence(call("predict", run.folder, "--out", tmp_path / "a.mid", "--prompt", "C"))
    assert got == "--prompt: music begins after silence, only a text has a prompt; leave it out"
    got = sentence(call("predict", run.folder, "--out", tmp_path / "a.mid", "--length", 0.4))
    assert got == "a piece wants a length of a frame to 100,000, 1 to 100,000 beats, got 0.4"
    for absurd in ("1e300", "inf", "nan"):
        got = sentence(call("predict", run.folder, "--out", tmp_path / "a.mid", "--length", absurd))
        assert got.endswith(f"1 to 100,000 beats, got {float(absurd):g}")
    got = sentence(call("predict", run.folder, "--out", tmp_path / "a.mid", "--temperature", -1))
    assert got == "a piece wants a temperature of 0 or more, got -1.0"
    with pytest.raises(CarouselError, match="is of task 'music'"):
        generate(run.folder)
    assert "would see what task 'music' has to predict" in sentence(
        call("fit", folder, "--set", "bidirectional=true")
    )
    (tmp_path / "one.mid").write_bytes(midi_file(tune(0, 5).astype(np.uint8), 1.0))
    got = sentence(call("fit", tmp_path / "one.mid", "--task", "music"))
    assert got == (
        f"cannot read '{tmp_path / 'one.mid'}': piece 'one.mid' has 5 frames, too few to be cut in a part to learn from, "
        "one to choose the epoch by and one to be tested on; give longer pieces, or 10 of them"
    )
    (tmp_path / "empty").mkdir()
    assert "it is a folder without MIDI files" in sentence(call("fit", tmp_path / "empty"))


def test_a_folder_that_has_changed_is_seen(folder, tmp_path):
    copy = tmp_path / "tunes"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    run = fit(override(configure(copy)[0], [*SMALL, "epochs=1"]), tmp_path / "run", progress=False)
    (copy / "00.mid").rename(copy / "13.mid")
    with pytest.raises(CarouselError, match="tunes' has changed since this run was made"):
        evaluate(run.folder)


def test_chorales_keep_their_split(tmp_path, monkeypatch):
    pieces = {
        part: {f"{part}-{seed}": [[60, 64, 67], [59, 62, 67], [], [60]] for seed in range(3)}
        for part in ("train", "valid", "test")
    }
    stand_in(monkeypatch, tmp_path, "chorales", {"chorales.json": json.dumps(pieces)})
    run = fit(override(resolve("music"), ["hidden_size=4", "epochs=1"]), tmp_path / "run", progress=False)
    test = run.task.prepare(run.config).test
    assert test.ids == ("test-0", "test-1", "test-2") and run.metrics()["test"]["frames"] == 9
    assert [NAMES[key] for key in np.flatnonzero(test.values[0][1])] == ["B3", "D4", "G4"]
    assert open_run(run.folder).config.data.dataset == "chorales"
