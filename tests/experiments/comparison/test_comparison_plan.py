"""Runs of something else are never mixed in."""

import pytest

from carousel.errors import CarouselError
from carousel.experiments.comparison.plan import Plan
from carousel.experiments.comparison.variants import of_layers, swept
from carousel.files import write_atomically
from carousel.training import override
from carousel.training.config import to_yaml


def plan_of(base, layers=("torch", "lstm"), seeds=range(2)):
    return Plan(base, of_layers(base, layers), seeds)


def put(config, folder):
    folder.mkdir(parents=True)
    write_atomically(folder / "config.yaml", to_yaml(config))


@pytest.fixture
def there(base, tmp_path):
    """A folder with the runs of a plan, as far as they tell what they are."""
    for job in plan_of(base).jobs(tmp_path / "there"):
        put(job.config, job.folder)
    return tmp_path / "there"


def test_a_run_for_each_variant_and_seed(base, tmp_path):
    jobs = plan_of(base).jobs(tmp_path)
    assert [str(job) for job in jobs] == ["torch, seed 0", "lstm, seed 0", "torch, seed 1", "lstm, seed 1"]
    assert [job.folder.name for job in jobs] == ["torch-seed0", "lstm-seed0", "torch-seed1", "lstm-seed1"]
    assert [job.config.training.seed for job in jobs] == [0, 0, 1, 1]
    assert jobs[1].config == override(base, {"layer": "lstm", "seed": 0})


def test_names_of_folders_are_plain_and_differ(base, tmp_path):
    variants = swept(of_layers(base, ["augmented"]), {"context": [[1, 0], [0, 1]], "dropout": [0.0, 0.5]})
    names = [job.folder.name for job in Plan(base, variants, [3]).jobs(tmp_path)]
    assert names[0] == "augmented-context=-1-0-dropout=0.0-seed3"
    assert len({*names}) == 4


def test_the_same_plan_and_one_that_adds_to_it_fit(base, there):
    assert plan_of(base).folder(there) == there
    assert plan_of(base, ["augmented", "torch"], range(5)).folder(there) == there


def test_without_a_folder_the_first_that_fits(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = plan_of(base).folder(None)
    assert str(first) == "comparisons/tiny-1"
    for job in plan_of(base).jobs(first):
        put(job.config, job.folder)
    assert plan_of(base).folder(None) == first
    assert str(plan_of(override(base, ["hidden_size=8"])).folder(None)) == "comparisons/tiny-2"


@pytest.mark.parametrize(
    "changes, said",
    [
        (
            {"recipe": "other"},
            "'{run}' is a run of recipe 'tiny', the comparison is of 'other'; choose another folder with --out",
        ),
        (
            {"hidden_size": 8},
            "'{run}' is a run with hidden_size 4, the comparison has hidden_size 8 there; choose another folder with --out",
        ),
        (
            {"validation_fraction": 0.3},
            "'{run}' is a run with validation_fraction 0.2, the comparison has validation_fraction 0.3 there; choose another folder with --out",
        ),
    ],
)
def test_runs_of_another_configuration_are_refused(base, there, changes, said):
    with pytest.raises(CarouselError) as raised:
        plan_of(override(base, changes)).folder(there)
    assert str(raised.value) == said.format(run=there / "runs" / "lstm-seed0")


def test_runs_that_are_not_planned_must_be_of_the_same_data(base, there):
    other = override(base, {"test_fraction": 0.5})
    with pytest.raises(CarouselError, match="is a run with test_fraction 0.2, the comparison has"):
        plan_of(other, ["augmented"], range(7, 9)).folder(there)


def test_a_folder_of_something_else_is_refused(base, tmp_path):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(
        CarouselError, match="is there already and holds something else than a comparison; choose"
    ):
        plan_of(base).folder(tmp_path)
    with pytest.raises(CarouselError, match="holds something else than a comparison"):
        plan_of(base).folder(tmp_path / "letter.txt")
