"""What torch.compile makes of the layers: run by test_compile.py, without the type checks, which would be traced too."""

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import carousel
from helpers import assert_same

FEATURES, H = 8, 10  # no size of a batch, or the tracer takes the two for one
SETTINGS = {
    "plain": {},
    "stacked": dict(num_layers=2, bidirectional=True, dropout=0.3),
    "whole": dict(proj_size=2, peephole="full", input_gate=True, context=[(1, 1), (0, 2)], num_layers=2),
    "regularised": dict(
        num_layers=2, bidirectional=True, proj_size=3, recurrent_dropout=0.3, weight_dropout=0.2
    ),
}
SIZES = [(7, 3), (9, 4), (5, 2)]


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


class Compiled:
    """A layer, compiled whole. Each call demands the same bits as without, outputs, states and gradients."""

    def __init__(self, layer, **options):
        self.layer = layer
        self.counter = CompileCounterWithBackend("aot_eager")
        self.compiled = torch.compile(layer, fullgraph=True, backend=self.counter, **options)

    def check(self, x, *arguments, **keywords):
        x = x.requires_grad_() if isinstance(x, torch.Tensor) and keywords.pop("slope", False) else x
        results = []
        for call in (self.compiled, self.layer):
            torch.manual_seed(1)  # of dropout
            output, states = call(x, *arguments, **keywords)
            values = output.data if isinstance(output, torch.Tensor) else output[0]
            found = [values, *states]
            if torch.is_grad_enabled():
                loss = sum(
                    one.double().square().sum()
                    for one in (output if isinstance(output, torch.Tensor) else output[0], *states)
                )
                sources = [
                    one for one in (x, *self.layer.parameters()) if getattr(one, "requires_grad", False)
                ]
                found += torch.autograd.grad(loss, sources)
            results.append(found)
        assert_same(*results, 0.0)
        return output

    @property
    def graphs(self):
        return self.counter.frame_count


def lstm(settings="whole", **more):
    return carousel.LSTM(FEATURES, H, **SETTINGS[settings], **more)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("training", [True, False])
def test_any_time_and_batch_in_two_graphs(settings, training):
    model = Compiled(lstm(settings).train(training))
    with torch.set_grad_enabled(training):
        for T, B in SIZES:
            model.check(torch.randn(T, B, FEATURES))
    assert model.graphs == 2, "one for the first sizes, one for all others"


def test_with_the_gradient_of_the_input():
    model = Compiled(lstm())
    for T, B in SIZES:
        model.check(torch.randn(T, B, FEATURES), slope=True)
    assert model.graphs == 2


def test_told_to_be_dynamic_in_one_graph():
    model = Compiled(lstm("plain"), dynamic=True)
    for T, B in SIZES:
        model.check(torch.randn(T, B, FEATURES))
    assert model.graphs == 1


def test_size_one_has_graphs_of_its_own():
    model = Compiled(lstm("plain"))
    for T, B in (*SIZES, (1, 3), (1, 6), (7, 1), (9, 1), (1, 1)):
        model.check(torch.randn(T, B, FEATURES))
    assert model.graphs == 5, "two, one step, one sequence, both"


def test_states_are_given():
    model = Compiled(lstm())
    for T, B in SIZES:
        _, states = model.layer(torch.randn(2, B, FEATURES))
        model.check(torch.randn(T, B, FEATURES), tuple(state.detach() for state in states))
    assert model.graphs == 2


@pytest.mark.parametrize("form", ["lengths", "mask"])
def test_ragged_batches(form):
    model = Compiled(lstm())
    for T, B in SIZES:
        lengths = torch.randint(1, T + 1, (B,))
        mask = torch.arange(T).unsqueeze(1) < lengths
        model.check(torch.randn(T, B, FEATURES), **{form: lengths if form == "lengths" else mask})
    assert model.graphs == 2


def test_what_does_not_fit_is_found_as_the_graph_runs():
    compiled = torch.compile(lstm(), fullgraph=True, backend="aot_eager")
    x = torch.randn(5, 2, FEATURES)
    for lengths in ([6, 1], [0, 5]):
        with pytest.raises(RuntimeError, match=r"LSTM: every number in lengths must lie in 1\.\.T"):
            compiled(x, lengths=torch.tensor(lengths))
    mask = torch.ones(5, 2, dtype=torch.bool)
    compiled(x, mask=mask)
    mask[2, 1] = False
    with pytest.raises(
        RuntimeError, match="LSTM: mask must be True from the first step of a sequence to its last"
    ):
        compiled(x, mask=mask)


@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed_sequences(enforce_sorted):
    model = Compiled(lstm())
    for T, B in SIZES:
        lengths = torch.randint(1, T + 1, (B,))
        lengths[0] = T
        if enforce_sorted:
            lengths = lengths.sort(descending=True)[0]
        x = pack_padded_sequence(torch.randn(T, B, FEATURES), lengths, enforce_sorted=enforce_sorted)
        output = model.check(x)
        assert type(output) is nn.utils.rnn.PackedSequence
        assert torch.equal(pad_packed_sequence(output)[1], lengths)
    assert model.graphs == 2


def test_half_precision_and_autocast():
    dtype = torch.bfloat16
    model = Compiled(lstm(dtype=dtype))
    for T, B in SIZES:
        model.check(torch.randn(T, B, FEATURES, dtype=dtype))
    assert model.graphs == 2
    torch._dynamo.reset()
    model = Compiled(lstm())
    with torch.autocast("cpu", dtype):
        for T, B in SIZES:
            assert model.check(torch.randn(T, B, FEATURES)).dtype == dtype
    assert model.graphs == 2


def test_an_rnn_has_a_graph_for_each_length():
    model = Compiled(carousel.RNN(FEATURES, H))
    for T in (4, 5, 4, 6):
        output, _ = model.compiled(torch.randn(T, 2, FEATURES))
        assert output.shape == (T, 2, H)
    assert model.graphs == 3


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_by_inductor():
    layer, x = lstm(), torch.randn(5, 2, FEATURES)
    compiled = torch.compile(layer, fullgraph=True)
    assert_same(compiled(x, lengths=torch.tensor([5, 3])), layer(x, lengths=[5, 3]))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_transforms_inside_the_graph():
    layer, x = lstm("plain").double(), torch.randn(2, 2, FEATURES, dtype=torch.float64)

    def error(x):
        return layer(x)[0].square().sum()

    functions = {
        "grad": torch.func.grad(error),
        "vmap": lambda x: torch.func.vmap(lambda x: layer(x)[0])(torch.stack([x, -x])),
        "jvp": lambda x: torch.func.jvp(lambda x: layer(x)[0], (x,), (torch.ones_like(x),))[1],
    }
    for name, function in functions.items():
        compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
        assert_same(compiled(x), function(x), what=name)


def test_second_derivatives_of_a_graph_are_refused_by_torch():
    compiled = torch.compile(lstm("plain"), fullgraph=True, backend="aot_eager")
    x = torch.randn(4, 2, FEATURES, requires_grad=True)
    (slope,) = torch.autograd.grad(compiled(x)[0].square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="does not currently support double backward"):
        slope.sum().backward()
