"""Which kernel runs, and why."""

import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch
from scans import make
from torch.autograd import forward_ad

import carousel
from carousel import kernels
from carousel.kernels import LSTMCell, RNNCell, choose, cpu, use_kernel
from carousel.kernels.choice import ADVICE

X = torch.zeros(3, 2, 4)


@pytest.fixture(autouse=True)
def automatic():
    with use_kernel("auto"):
        yield


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_kernel_in_cpp_wherever_it_can(dtype):
    x = X.to(dtype)
    assert choose(LSTMCell("full", True, True), x, (x, None)) == ("cpu", "it has this cell, dtype and device")


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("x", [X.bfloat16(), X.half()], ids=lambda x: str(x.dtype))
@pytest.mark.parametrize("other", [X.bfloat16(), X], ids=lambda x: str(x.dtype))
def test_half_precision(x, other):
    with torch.autocast("cpu"):
        told = choose(LSTMCell(), x, (None, other))
    assert told == ("cpu", "it has this cell and device, and computes this dtype in float32")


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("x", "other", "context", "reason"),
    [
        (X, X, lambda: use_kernel("eager"), "use_kernel asked for it"),
        (X.to("meta"), X, nullcontext, "the C++ kernel runs on the CPU, and the input is on meta"),
        (
            X.cfloat(),
            X,
            nullcontext,
            "the C++ kernel has float32 and float64, and the input is torch.complex64",
        ),
        (X, X.to("meta"), nullcontext, "input, states and weights are on several devices"),
        (X[:, :0], X, nullcontext, "the input is empty"),
        (X, X, forward_ad.dual_level, "a forward-mode derivative is being taken"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_each_reason_for_eager(x, other, context, reason):
    with context():
        assert choose(LSTMCell(), x, (None, other)) == ("eager", reason)
    assert choose(LSTMCell(), X, (X,)).kernel == "cpu"


@pytest.mark.usefixtures("native")
def test_more_reasons_for_eager(monkeypatch):
    assert choose(RNNCell(), X, ()) == ("eager", "no kernel has an RNN, only LSTMs")
    inside = []
    torch.func.vmap(lambda x: inside.append(choose(LSTMCell(), x, ())) or x)(X)
    assert inside == [("eager", "a transform of torch.func is at work")]
    monkeypatch.setattr(cpu, "MISSING", "No module named '_cpu'")
    assert choose(LSTMCell(), X, ()) == (
        "eager",
        f"the C++ kernel is not in this install (No module named '_cpu'); {ADVICE}",
    )


def test_without_the_extension_layers_run_on_eager(monkeypatch):
    layer = carousel.LSTM(4, 5)
    output, _ = layer(X)
    monkeypatch.setattr(cpu, "MISSING", "it was not compiled")
    monkeypatch.setattr(cpu, "_cpu", None)
    again, _ = layer(X)
    torch.testing.assert_close(again, output)
    with pytest.raises(
        RuntimeError, match=r"use_kernel: the C\+\+ kernel is not in this install \(it was not compiled\)"
    ):
        use_kernel("cpu")
    with use_kernel("auto"), use_kernel("eager"):
        layer(X)


@pytest.fixture
def runs(native, monkeypatch):
    """Which kernel ran each scan so far."""
    ran = []
    for name, module in (("cpu", kernels.operators), ("eager", kernels.eager)):
        scan = module.scan

        def spy(*arguments, name=name, scan=scan):
            ran.append(name)
            return scan(*arguments)

        monkeypatch.setattr(module, "scan", spy)
    return ran


def test_use_kernel_as_a_statement_and_in_with(runs):
    layer = carousel.LSTM(4, 5)

    def ran():
        layer(X)
        return runs.pop()

    assert ran() == "cpu"
    use_kernel("eager")
    assert ran() == "eager"
    with use_kernel("cpu"):
        assert ran() == "cpu"
        with use_kernel("auto"):
            assert ran() == "cpu"
            with pytest.raises(ZeroDivisionError), use_kernel("eager"):
                assert ran() == "eager"
                1 / 0  # noqa: B018
            assert ran() == "cpu"
    assert ran() == "eager"
    use_kernel("auto")
    assert ran() == "cpu"


def test_there_is_no_such_kernel():
    """In a process of its own, where no type checker is before it."""
    code = "import carousel; carousel.use_kernel('gpu')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        "ValueError: use_kernel: kernel must be 'auto', 'eager', 'cpu' or 'triton', got 'gpu'" in done.stderr
    )


def test_a_scan_takes_the_kernel_that_was_chosen(runs):
    scan = make(LSTMCell(), 3, 2, 4, 5)
    kernels.scan(scan.cell, scan.x, (scan.v_init, scan.s_init), scan.weights)
    weights = scan.weights._replace(ih=torch.zeros(5, 4).double(), hh=torch.zeros(5, 5).double(), bias=None)
    kernels.scan(RNNCell(), scan.x, (scan.v_init,), weights)
    assert runs == ["cpu", "eager"]
