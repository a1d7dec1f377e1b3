"""The recipes that come with the package, and how one is found."""

import subprocess
import sys

import pytest

from carousel.data import DATASETS
from carousel.data.problems import PROBLEMS
from carousel.errors import CarouselError
from carousel.experiments import available, configured, datasets, resolve
from carousel.training import Config
from carousel.training.config import parse_config, to_yaml
from carousel.training.source import sha256


@pytest.mark.parametrize("name", available())
def test_recipes_are_complete_and_say_what_they_do(name):
    config = resolve(name)
    assert config.recipe == name
    assert config.data.dataset in DATASETS or config.task.problem in PROBLEMS
    assert datasets()[name] == config.data.dataset
    assert parse_config(to_yaml(config), name) == config
    assert 20 < len(available()[name]) < 120
    assert not available()[name].startswith("#")


def test_the_first_recipe_tells_speakers_apart():
    assert "japanese_vowels" in available()
    assert resolve("japanese_vowels").model.layer == "augmented"


def test_a_path_is_read(tmp_path):
    for name in ("mine.yaml", "mine.yml"):
        (tmp_path / name).write_text("model: {hidden_size: 5}")
        assert resolve(str(tmp_path / name)).model.hidden_size == 5
        assert resolve(str(tmp_path / name)).training == Config().training


def test_data_in_a_configuration_is_held_to_what_it_is_now(tmp_path):
    text, other, mine = (tmp_path / name for name in ("a.txt", "b.txt", "mine.yaml"))
    text.write_text("abc")
    other.write_text("abcd")
    mine.write_text(f"data: {{file: '{text}'}}\ntask: {{kind: symbols}}")
    assert resolve(str(mine)).data.sha256 == sha256(text)
    assert configured(str(mine), changes=[f"data.file={other}"])[0].data.sha256 == sha256(other)
    text.unlink()
    assert resolve(str(mine)).data.sha256 is None


def test_an_unknown_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CarouselError, match="^unknown recipe 'japanse_vowels'; did you mean 'japanese_vowels'.$"
    ):
        resolve("japanse_vowels")


def test_a_run_folder_says_which_file_replays_it(tmp_path):
    (tmp_path / "config.yaml").touch()
    with pytest.raises(CarouselError, match="is a run folder; to replay it give '.*config.yaml'"):
        resolve(str(tmp_path))


def test_listing_does_not_load_the_training():
    code = "import sys, carousel.experiments as e; e.available(); print('pytorch_lightning' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    )
