"""The check-up of the machine."""

import json

import pytest
import torch

import carousel
from carousel import texts
from carousel.kernels import cpu
from carousel.training import SequenceClassifier, fit, override
from carousel.training.environment import check_up, cpu_threads, kernel_of, versions

needs_native = pytest.mark.skipif(bool(cpu.MISSING), reason=cpu.MISSING)


def test_a_healthy_machine(tmp_path):
    health = check_up(tmp_path)
    assert health["healthy"] and health["writable"]
    assert 0 < health["difference"] < 2e-6
    assert health["threads"] == torch.get_num_threads()
    assert health["versions"] == versions()
    assert health["versions"]["carousel"] == carousel.__version__
    assert health["extras"]["train"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_not_healthy(tmp_path):
    health = check_up(tmp_path / "missing")
    assert not health["writable"] and not health["healthy"]


def test_a_layer_that_disagrees_with_torch_is_not_healthy(tmp_path, monkeypatch):
    other = carousel.LSTM(12, 32, num_layers=2, bidirectional=True)
    monkeypatch.setattr(carousel.LSTM, "from_torch", classmethod(lambda cls, module: other))
    health = check_up(tmp_path)
    assert health["difference"] > 1e-3 and not health["healthy"]


@needs_native
@pytest.mark.parametrize("spoilt", ["v", "dih"])
def test_a_kernel_that_is_wrong_is_not_healthy(spoilt, tmp_path, monkeypatch):
    forward, backward = cpu.forward, cpu.backward

    def wrong_forward(given, keep):
        v, *others = forward(given, keep)
        return (v + 1e-4 if spoilt == "v" else v), *others

    def wrong_backward(*arguments):
        gradients = backward(*arguments)
        if spoilt == "dih":
            gradients[3] = gradients[3] * torch.nan
        return gradients

    monkeypatch.setattr(cpu, "forward", wrong_forward)
    monkeypatch.setattr(cpu, "backward", wrong_backward)
    health = check_up(tmp_path)
    assert health["difference"] > 1e-5 and not health["healthy"]
    json.dumps(health, allow_nan=False)


@needs_native
def test_the_check_up_says_which_kernel_serves_the_layers(tmp_path):
    level, threads = cpu._cpu.level(), torch.get_num_threads()
    assert check_up(tmp_path)["kernel"] == {
        "summary": f"C++ ({level}), {threads} thread{'s' * (threads > 1)}",
        "kernel": "cpu",
        "reason": "it has this cell, dtype and device",
        "level": level,
        "threads": threads,
    }


def test_a_missing_kernel_comes_with_what_to_do_and_is_healthy(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "MISSING", "no such file")
    health = check_up(tmp_path)
    assert health["healthy"] and health["kernel"]["kernel"] == "eager"
    assert "\nkernel: PyTorch operations, 1 thread, because the C++ kernel is not in this install (no such file); " \
        "install a C++17 compiler and CMake, then install Carousel again\n" in texts.health(health)  # fmt: skip


def test_what_computes_a_layer():
    with cpu_threads(2):
        assert kernel_of(torch.nn.LSTM(2, 3)) == "torch.nn.LSTM, 2 threads"
        with carousel.use_kernel("eager"):
            assert kernel_of(carousel.LSTM(2, 3)) == "PyTorch operations, 2 threads"


@needs_native
def test_a_run_says_which_kernel_trained_it(tiny, tmp_path):
    short = override(tiny, ["layer=augmented", "epochs=1", "threads=2"])
    run = fit(short, tmp_path / "run", progress=False)
    wanted = f"C++ ({cpu._cpu.level()}), 2 threads"
    assert (
        run.metrics()["kernel"] == json.loads((run.folder / "metrics.json").read_text())["kernel"] == wanted
    )
    with carousel.use_kernel("eager"):
        run = fit(short, tmp_path / "eager", progress=False)
    assert run.metrics()["kernel"] == "PyTorch operations, 2 threads"


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
