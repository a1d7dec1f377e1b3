"""Runs that were made before, compared: which are one variant, and which cannot be compared."""

import json
from pathlib import Path
from shutil import copy

import pytest

from carousel.data import load, write_npz
from carousel.errors import CarouselError
from carousel.experiments import compare, compare_runs
from carousel.training import fit, open_run, override
from carousel.training.source import sha256


def test_runs_that_cannot_be_compared_are_said(base, tmp_path, made):
    compare(base, ["torch"], 1, out=tmp_path / "one", progress=False)
    compare(
        override(base, {"validation_fraction": 0.4}), ["torch"], 1, out=tmp_path / "other", progress=False
    )
    one, other = tmp_path / "one" / "runs" / "torch-seed0", tmp_path / "other" / "runs" / "torch-seed0"
    with pytest.raises(CarouselError) as raised:
        compare_runs([one, other])
    assert str(raised.value) == (
        f"'{other}' was asked something else than '{one}': their data or task differ; compare runs on the same"
    )
    with pytest.raises(CarouselError, match="are of the same configuration and seed; leave one of them out$"):
        compare_runs([one, one])
    metrics = json.loads((one / "metrics.json").read_text())
    (one / "metrics.json").write_text(json.dumps(metrics | {"status": "interrupted", "test": None}))
    with pytest.raises(
        CarouselError, match="is not complete and has no test score; go on with it by `carousel fit --resume"
    ):
        compare_runs([one])


def test_runs_are_named_by_what_tells_them_apart(base, tmp_path, made):
    compare(base, ["torch"], 1, sweep={"dropout": [0.0, 0.5]}, out=tmp_path, progress=False)
    compare(base, ["lstm"], 1, sweep={"dropout": [0.0]}, out=tmp_path, progress=False)
    found = compare_runs(sorted((tmp_path / "runs").iterdir()), tmp_path / "result")
    assert [row.name for row in found.rows] == ["lstm dropout=0.0", "torch dropout=0.0", "torch dropout=0.5"]
    assert (tmp_path / "result" / "comparison.html").is_file()


def test_runs_of_another_recipe_or_place_of_the_same_file_or_with_event_files_are_one_variant(
    base, tmp_path, made
):
    write_npz(tmp_path / "mine.npz", load("japanese_vowels")[0].select(range(0, 270, 3)))
    mine = []
    for index, (place, recipe, dropout) in enumerate(
        [("a", "one", 0.0), ("b", "other", 0.5), ("b", "one", 0.0), ("a", "other", 0.5)]
    ):
        (tmp_path / place).mkdir(exist_ok=True)
        file = copy(tmp_path / "mine.npz", tmp_path / place)
        data = {"dataset": None, "file": str(file), "sha256": sha256(Path(file))}
        config = override(base, data | {"recipe": recipe, "seed": index // 2, "dropout": dropout})
        config = override(config, {"tensorboard": index == 0})
        mine.append(fit(config, tmp_path / str(index), progress=False).folder)
    found = compare_runs(mine)
    assert [row.name for row in found.rows] == ["dropout=0.0", "dropout=0.5"]
    assert [[outcome.folder for outcome in row.outcomes] for row in found.rows] == [
        [str(mine[0]), str(mine[2])],
        [str(mine[1]), str(mine[3])],
    ]
    copied = fit(
        override(open_run(mine[0]).config, {"recipe": "third"}), tmp_path / "4", progress=False
    ).folder
    with pytest.raises(CarouselError, match="are of the same configuration and seed; leave one of them out$"):
        compare_runs([mine[0], copied])


def test_variants_of_finished_runs_must_have_the_same_seeds(base, tmp_path, made):
    compare(base, ["torch", "lstm", "gru"], 3, out=tmp_path, progress=False)
    wanted = ["torch-seed0", "torch-seed1", "lstm-seed1", "gru-seed0", "gru-seed1", "gru-seed2"]
    with pytest.raises(CarouselError) as raised:
        compare_runs([tmp_path / "runs" / name for name in wanted])
    assert str(raised.value) == (
        "all variants must have the same seeds, but 'torch' lacks 2; 'lstm' lacks 0, 2: make these runs, or leave out "
        "the others of those seeds"
    )
