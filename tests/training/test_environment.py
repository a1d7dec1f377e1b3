"""The check-up of the machine."""

import torch

import carousel
from carousel.training import SequenceClassifier, fit, override
from carousel.training.environment import check_up, versions


def test_a_healthy_machine(tmp_path):
    health = check_up(tmp_path)
    assert health["healthy"] and health["writable"]
    assert 0 <= health["difference"] < 1e-6
    assert health["threads"] == torch.get_num_threads()
    assert health["versions"] == versions()
    assert health["versions"]["carousel"] == carousel.__version__
    assert health["extras"]["train"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_not_healthy(tmp_path):
    health = check_up(tmp_path / "missing")
    assert not health["writable"] and not health["healthy"]


def test_a_layer_that_disagrees_with_torch_is_not_healthy(tmp_path, monkeypatch):
    monkeypatch.setattr(carousel.LSTM, "from_torch", classmethod(lambda cls, other: torch.nn.LSTM(12, 64)))
    health = check_up(tmp_path)
    assert health["difference"] > 1e-3 and not health["healthy"]


def test_the_check_up_leaves_the_random_numbers_alone(tmp_path):
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    check_up(tmp_path)
    assert torch.equal(torch.rand(4), wanted)


def test_threads_are_those_of_the_configuration_and_restored(tiny, tmp_path, monkeypatch):
    seen = []
    step = SequenceClassifier.training_step
    monkeypatch.setattr(
        SequenceClassifier,
        "training_step",
        lambda *arguments: (seen.append(torch.get_num_threads()), step(*arguments))[1],
    )
    before = torch.get_num_threads()
    fit(override(tiny, [f"threads={before + 1}", "epochs=1"]), tmp_path / "run", progress=False)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before
