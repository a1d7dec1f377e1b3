"""What the C++ kernel leaves behind, and what small numbers cost: the processor's flags, time, memory."""

import subprocess
import sys
import time

import pytest
import torch
from scans import LEVELS, infer, make, run

import carousel
from carousel import kernels
from carousel.kernels import LSTMCell

pytestmark = pytest.mark.usefixtures("native")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_the_processor_keeps_its_small_numbers(level, threads, use_level, use_threads, torch_threads):
    """The kernel takes them for zero while it runs, on threads that torch then computes on."""
    torch_threads(2)
    use_level(level)
    use_threads(threads)
    small = torch.full((200_000,), 1e-40)
    run(make(LSTMCell(), 20, 8, 20, 65, dtype=torch.float32))
    # As bits: to a processor that takes small numbers for zero, they equal zero.
    assert torch.equal((small * 1).view(torch.int32), small.view(torch.int32))


def seconds(*scans):
    """Of each the least of some runs, which take turns: what else the machine does then meets all of them."""
    took = [[] for _ in scans]
    for _ in range(9):
        for scan, times in zip(scans, took, strict=True):
            start = time.perf_counter()
            run(scan)
            times.append(time.perf_counter() - start)
    return map(min, took)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("level", LEVELS)
def test_a_fading_state_costs_no_more(level, dtype, use_level):
    """After an impulse, a state that forgets slowly lingers where numbers have lost their leading bits."""
    use_level(level)
    tiny, H = torch.finfo(dtype).tiny, 64
    lively = make(LSTMCell(), 300, 8, 8, H, dtype=dtype)
    fading = lively.map(torch.zeros_like)
    fading.s_init.fill_(2 * tiny)
    fading.errors[0].fill_(2 * tiny)
    fading.weights.hh.copy_(lively.weights.hh / 1000)
    fading.weights.bias[H : 2 * H] = 5
    with kernels.use_kernel("eager"):
        v = infer(fading)["v"].abs()
    assert 0 < v[-1].max() < tiny
    fades, lives = seconds(fading, lively)
    assert fades < 3 * lives


COUNT_FAULTS = """
import resource, torch, carousel
layer, x = carousel.LSTM(256, 256, peephole="full"), torch.randn(2, 1, 256)
def faults(calls):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(calls):
        layer(x)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
with torch.no_grad():
    faults(3)
    print(faults(20))
"""


def test_a_thread_keeps_its_scratch():
    """Memory that is given back and had anew counts as faults, one a page: 500 a call for the weights of this layer.

    In a process of its own, since the C library gives back less once it has given much.
    """
    done = subprocess.run([sys.executable, "-c", COUNT_FAULTS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_ten_thousand_training_steps_leave_nothing():
    torch.manual_seed(0)
    layer = carousel.LSTM(2, 3, peephole="full", input_gate=True, proj_size=2)
    parameters = list(layer.parameters())
    x = torch.randn(3, 2, 2)
    at = {}
    for step in range(10_001):
        output, _ = layer(x)
        gradients = torch.autograd.grad(output.square().sum(), parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= 0.01 * gradient
        if step in (1_000, 10_000):
            at[step] = resident_bytes()
    assert at[10_000] - at[1_000] < 2e6
