"""What explain says of a layer is what runs it, and why."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import jaxtyping
import pytest
import torch
from torch.autograd import forward_ad
from torch.nn.utils.rnn import pack_sequence

import carousel
from carousel.kernels import cpu, eager, operators

X = torch.randn(5, 2, 3)
SCAN = cpu.Arguments(
    X, *torch.zeros(2, 2, 4), torch.zeros(16, 3), torch.zeros(16, 4), *[None] * 5, 0, False, False
)
needs_native = pytest.mark.skipif(bool(cpu.MISSING), reason=cpu.MISSING)


def lstm(**settings):
    return carousel.AugmentedLSTM(3, 4, num_layers=2, bidirectional=True, **settings)


@contextmanager
def replaced(owner, name, value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, value)
        yield


@pytest.fixture
def ran(monkeypatch):
    """The kernels that have run, by name."""
    seen = []
    for kernel, module in {"eager": eager, "cpu": operators}.items():

        def scan(*arguments, kernel=kernel, run=module.scan):
            seen.append(kernel)
            return run(*arguments)

        monkeypatch.setattr(module, "scan", scan)
    return seen


ON_CPU = {
    "a tensor": (lambda: lstm(), X),
    "one sequence": (lambda: lstm(), X[:, 0]),
    "a packed sequence": (lambda: lstm(), pack_sequence([X[:, 0], X[:2, 1]])),
    "no input": (lambda: lstm(), None),
    "float64": (lambda: lstm(dtype=torch.float64), X.double()),
    "batch first, a projection": (lambda: lstm(batch_first=True, proj_size=2), X),
    "gradients": (lambda: lstm(), X.clone().requires_grad_()),
}


@needs_native
def test_lengths_are_looked_at_as_in_a_call():
    assert carousel.explain(carousel.LSTM(3, 4), torch.zeros(5, 2, 3), lengths=[5, 2]).kernel
    with pytest.raises(ValueError, match="LSTM: lengths"):
        carousel.explain(carousel.LSTM(3, 4), torch.zeros(5, 2, 3), lengths=[6, 2])
    with pytest.raises(TypeError, match="^explain: lengths goes with an input, got x=None"):
        carousel.explain(carousel.LSTM(3, 4), lengths=[5, 2])


@pytest.mark.parametrize("make, x", ON_CPU.values(), ids=ON_CPU.keys())
def test_the_kernel_in_cpp(make, x, ran):
    layer = make()
    told = carousel.explain(layer, x)
    assert (told.kernel, told.reason) == ("cpu", "it has this cell, dtype and device")
    assert told.level == cpu._cpu.level() and told.threads == torch.get_num_threads()
    assert ran == []
    layer(X if x is None else x)
    assert ran == ["cpu"] * 4


ON_EAGER = {
    "use_kernel asked for it": (lambda: lstm(), X, lambda: carousel.use_kernel("eager")),
    "no kernel has an RNN, only LSTMs": (lambda: carousel.RNN(3, 4), X, nullcontext),
    "the C++ kernel is not in this install (no such file); "
    "install a C++17 compiler and CMake, then install Carousel again": (
        lambda: lstm(), X, lambda: replaced(cpu, "MISSING", "no such file"),
    ),
    "the C++ kernel runs on the CPU, and the input is on meta": (
        lambda: lstm(device="meta"), X.to("meta"), nullcontext,
    ),
    "the input is empty": (lambda: lstm(), X[:, :0], nullcontext),
    "a forward-mode derivative is being taken": (lambda: lstm(), X, forward_ad.dual_level),
}  # fmt: skip


@needs_native
@pytest.mark.parametrize("reason", ON_EAGER)
def test_pytorch_operations(reason, ran):
    make, x, situation = ON_EAGER[reason]
    layer = make()
    with situation():
        told = carousel.explain(layer, x)
        assert (told.kernel, told.reason, told.level) == ("eager", reason, None)
        assert told.threads == torch.get_num_threads()
        assert ran == []
        layer(x)
    assert set(ran) == {"eager"}


@needs_native
def test_a_transform_of_torch_func(ran):
    layer, told = lstm(), []

    def call(x):
        told.append(carousel.explain(layer, x).reason)
        return layer(x)[0]

    torch.func.vmap(call, in_dims=1)(X)
    assert told == ["a transform of torch.func is at work"]
    assert set(ran) == {"eager"}


@pytest.mark.parametrize("options", [{"dtype": torch.float64}, {"device": "meta"}], ids=str)
def test_a_weight_that_differs_from_the_others_is_refused_as_in_a_call(options):
    layer = carousel.LSTM(3, 4)
    layer.weight_hh_l0 = torch.nn.Parameter(layer.weight_hh_l0.to(**options))
    texts = []
    for ask in (carousel.explain, lambda layer, x: layer(x)):
        with pytest.raises(RuntimeError, match="weight_hh_l0 is") as error:
            ask(layer, X)
        texts.append(str(error.value))
    assert texts[0] == texts[1]


@needs_native
def test_a_weight_of_another_dtype_under_autocast(ran):
    layer = carousel.LSTM(3, 4)
    layer.weight_hh_l0 = torch.nn.Parameter(layer.weight_hh_l0.bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        told = carousel.explain(layer, X)
        layer(X)
    assert told.kernel == "cpu"
    assert ran == ["cpu"]


@needs_native
def test_half_precision_and_autocast(ran):
    layer = lstm(dtype=torch.bfloat16)
    told = carousel.explain(layer, X.bfloat16())
    assert (told.kernel, told.reason) == (
        "cpu",
        "it has this cell and device, and computes this dtype in float32",
    )
    layer(X.bfloat16())
    with torch.autocast("cpu"):
        assert carousel.explain(lstm(), X).kernel == "cpu"
        lstm()(X)
    assert ran == ["cpu"] * 8


@needs_native
def test_states_count_too(ran):
    layer = lstm()
    states = layer(X)[1]
    assert carousel.explain(layer, X, states).kernel == "cpu"
    with pytest.raises(RuntimeError, match=r"hx\[1\] is on meta"):
        carousel.explain(layer, X, (states[0], states[1].to("meta")))
    assert carousel.explain(carousel.RNN(3, 4), X, torch.zeros(1, 2, 4)).kernel == "eager"


@needs_native
def test_use_kernel_holds_until_its_end():
    layer = lstm()
    with carousel.use_kernel("eager"):
        with carousel.use_kernel("cpu"):
            assert carousel.explain(layer).kernel == "cpu"
        assert carousel.explain(layer).kernel == "eager"
    assert carousel.explain(layer).kernel == "cpu"


def test_use_kernel_knows_three(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would complain first
    with pytest.raises(ValueError, match="kernel must be 'auto', 'eager', 'cpu' or 'triton', got 'gpu'"):
        carousel.use_kernel("gpu")


def test_use_kernel_cannot_choose_what_is_missing(monkeypatch):
    monkeypatch.setattr(cpu, "MISSING", "no such file")
    wanted = r"not in this install \(no such file\); install a C\+\+17 compiler and CMake, then install Carousel again"
    with pytest.raises(RuntimeError, match=wanted):
        carousel.use_kernel("cpu")
    assert "use_kernel" not in carousel.explain(lstm()).reason


@needs_native
def test_a_sentence(use_threads_of_torch):
    use_threads_of_torch(2)
    level = cpu._cpu.level()
    assert str(carousel.explain(lstm())) == (
        f"C++ ({level}), 2 threads, because it has this cell, dtype and device"
    )
    use_threads_of_torch(1)
    with carousel.use_kernel("eager"):
        assert (
            str(carousel.explain(lstm())) == "PyTorch operations, 1 thread, because use_kernel asked for it"
        )


@pytest.fixture
def use_threads_of_torch():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@needs_native
@pytest.mark.parametrize("act", [carousel.explain, lambda layer: cpu.forward(SCAN, keep=False)])
def test_a_new_thread_uses_as_many_threads_as_torch(act, use_threads_of_torch):
    use_threads_of_torch(3)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act, lstm()).result()
        assert pool.submit(cpu._cpu.threads).result() == 3


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ((torch.nn.LSTM(3, 4),), TypeError,
         "explain: layer must be a carousel.LSTM or carousel.RNN, got torch.nn.modules.rnn.LSTM"),
        (("lstm", X), TypeError, "got builtins.str"),
        ((lstm(), [1.0]), TypeError, "LSTM: input must be a Tensor or a PackedSequence, got list"),
        ((lstm(), X, 3), TypeError, "LSTM: hx must be a pair"),
        ((lstm(), None, (X, X)), TypeError, "explain: hx goes with an input, got x=None; give both, or neither"),
        ((lstm(), X.double()), ValueError, "LSTM: input dtype (torch.float64) does not match weight dtype"),
        ((lstm(), X[..., :2]), RuntimeError, "LSTM: input.size(-1) must be equal to input_size"),
    ],
)  # fmt: skip
def test_bad_arguments(arguments, error, words):
    with pytest.raises(error) as raised:
        carousel.explain(*arguments)
    assert words in str(raised.value)


def test_an_explanation_cannot_be_changed():
    with pytest.raises(AttributeError):
        carousel.explain(lstm()).kernel = "cpu"
