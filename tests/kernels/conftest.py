"""What holds for the tests of the kernels: memory that nobody wrote is full of NaN."""

import pytest
import torch


@pytest.fixture
def native():
    """The extension."""
    from carousel.kernels import cpu  # not above: jaxtyping watches what is imported after this file

    if cpu.MISSING:
        pytest.skip(cpu.MISSING)
    return cpu._cpu


@pytest.fixture
def poisoned_memory(native):
    """Fill the kernel's scratch, and what torch.empty returns, with NaN."""
    native.poison_scratch(True)
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)
    native.poison_scratch(False)


@pytest.fixture
def use_level(native):
    """Choose one of the levels of instructions, for the test alone."""
    before = native.level()
    yield native.use_level
    native.use_level(before)


@pytest.fixture
def use_threads(native, monkeypatch):
    """Run the kernel on so many threads, whatever torch's number is."""
    forward, backward = native.forward, native.backward

    def use(threads):
        monkeypatch.setattr(native, "forward", lambda problem: forward(problem, threads))
        monkeypatch.setattr(native, "backward", lambda problem, errors: backward(problem, errors, threads))

    return use


@pytest.fixture
def torch_threads():
    """Set torch's number of threads, for the test alone."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
