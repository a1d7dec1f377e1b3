"""Streams: what comes out sample by sample is what a call with the whole sequence returns."""

import io
import itertools
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import carousel
from carousel.kernels import cpu, use_kernel
from helpers import assert_same
from streams import assert_equal, make, pushed, samples, streamed, whole

CELLS = [
    dict(peephole=peephole, input_gate=input_gate, proj_size=proj_size, bias=bias)
    for peephole, input_gate, (proj_size, bias) in itertools.product(
        ("none", "diagonal", "full"), (False, True), ((0, True), (5, False))
    )
]
STACKS = [
    {},
    dict(context=(2, 0)),
    dict(context=(0, 3)),
    dict(context=(1, 2)),
    dict(num_layers=3),
    dict(num_layers=3, context=[(1, 2), (0, 1), (3, 0)]),
    dict(num_layers=2, context=[(0, 0), (2, 4)]),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell(engine, cell, dtype):
    layer = make(dtype, num_layers=2, context=[(1, 2), (0, 1)], **cell)
    x = samples(layer, 9)
    output, (v, s) = whole(layer, x)
    stream = layer.stream(2)
    assert_same(streamed(stream, x), output)
    assert_same((stream.state["v"], stream.state["s"]), (v, s))


@pytest.mark.parametrize("B", [1, 7])
@pytest.mark.parametrize("T", [1, 2, 3, 12])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_every_stack_and_window_also_where_the_sequence_is_shorter_than_the_look_ahead(engine, stack, T, B):
    layer = make(peephole="full", **stack)
    x = samples(layer, T, B)
    assert_same(streamed(layer.stream(B), x), whole(layer, x)[0])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("canonical", [False, True])
def test_rnn(canonical, nonlinearity):
    layer = carousel.RNN(3, 4, 2, nonlinearity, dtype=torch.float64, canonical=canonical)
    x, hx = samples(layer, 8), torch.randn(2, 2, 4, dtype=torch.float64)
    output, last = whole(layer, x, hx)
    stream = layer.stream(2, hx)
    assert_same(streamed(stream, x), output)
    assert_same(stream.state["s" if canonical else "r"], last)


@given(
    data=st.data(),
    layers=st.integers(1, 3),
    peephole=st.sampled_from(["none", "diagonal", "full"]),
    input_gate=st.booleans(),
    hidden=st.integers(2, 40),
    projected=st.booleans(),
    inputs=st.integers(1, 5),
    T=st.integers(1, 9),
    B=st.integers(1, 4),
)
def test_any_layer(data, layers, peephole, input_gate, hidden, projected, inputs, T, B):
    context = data.draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=layers, max_size=layers)
    )
    layer = make(
        inputs=inputs,
        hidden=hidden,
        num_layers=layers,
        peephole=peephole,
        input_gate=input_gate,
        context=context,
        proj_size=hidden // 2 if projected else 0,
    )
    x = samples(layer, T, B)
    stream = layer.stream(B)
    known = pushed(stream, x)
    assert stream.look_ahead == sum(future for _, future in context)
    assert len(known) == max(0, T - stream.look_ahead)
    assert_same(torch.cat([*(output.unsqueeze(0) for output in known), stream.flush()]), whole(layer, x)[0])


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("cell", [{}, dict(peephole="full", input_gate=True, proj_size=100)], ids=str)
def test_bits_do_not_depend_on_threads_and_scratch(cell, threads):
    layer = make(torch.float32, inputs=70, hidden=300, num_layers=2, context=(1, 1), **cell)
    x = samples(layer, 6)
    alone = streamed(layer.stream(2), x)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    cpu._cpu.poison_scratch(True)
    try:
        assert torch.equal(streamed(layer.stream(2), x), alone)
    finally:
        torch.set_num_threads(before)
        cpu._cpu.poison_scratch(False)
    assert_same(alone, whole(layer, x)[0])


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
@pytest.mark.parametrize("level", [] if cpu.MISSING else cpu._cpu.levels())
def test_every_level_of_instructions(level):
    best = cpu._cpu.level()
    cpu._cpu.use_level(level)
    try:
        layer = make(peephole="full", input_gate=True, proj_size=9, num_layers=2, context=(1, 1))
        stream = layer.stream(2)
    finally:
        cpu._cpu.use_level(best)
    x = samples(layer, 5)
    assert_same(streamed(stream, x), whole(layer, x)[0])


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
def test_which_engine_serves():
    assert type(make().stream()._engine).__name__ == "CpuEngine"
    with use_kernel("eager"):
        assert type(make().stream()._engine).__name__ == "EagerEngine"
    assert type(make(torch.bfloat16).stream()._engine).__name__ == "EagerEngine"
    assert type(carousel.RNN(3, 4).stream()._engine).__name__ == "EagerEngine"
    with torch.autocast("cpu", torch.bfloat16):
        stream = make(torch.float32).stream()
    assert type(stream._engine).__name__ == "CpuEngine"


def test_bfloat16_and_autocast_compute_in_the_dtype_of_the_weights(engine):
    layer = make(torch.bfloat16, context=(1, 1))
    x = samples(layer, 5)
    # A stream's state is bfloat16 after each step, that of a call only at the end.
    assert_same(streamed(layer.stream(2), x), whole(layer, x)[0], tolerance=2**-7)
    layer = make(torch.float32)
    x = samples(layer, 5)
    with torch.autocast("cpu", torch.bfloat16):
        output = streamed(layer.stream(2), x)
    assert_same(output, whole(layer, x)[0])


def test_starts_from_the_states_of_a_call(engine):
    layer = make(num_layers=2, proj_size=5)
    x = samples(layer, 11)
    output, _ = whole(layer, x)
    _, hx = whole(layer, x[:4])
    stream = layer.stream(2, hx)
    assert_same(torch.stack(pushed(stream, x[4:])), output[4:])
    stream.reset()
    assert_same(torch.stack(pushed(stream, x[4:])), output[4:])


def test_one_stream_without_the_batch_axis(engine):
    layer = make(context=(1, 1))
    x = samples(layer, 6, 1)
    stream = layer.stream()
    known = pushed(stream, x.squeeze(1))
    assert {output.shape for output in known} == {(17,)}
    assert_same(torch.cat([torch.stack(known), stream.flush().squeeze(1)]), whole(layer, x)[0].squeeze(1))


def test_known_and_unknown(engine):
    layer = make(context=[(0, 1), (0, 2)], num_layers=2)
    x, stream = samples(layer, 5), layer.stream(2)
    assert [stream.push(x_n) is None for x_n in x] == [True, True, True, False, False]
    assert stream.flush().shape == (3, 2, 17)
    assert make().stream().flush().shape == (0, 1, 17)


def test_out_is_written_when_an_output_is_known(engine):
    layer = make(context=(0, 1), num_layers=2)
    x, stream = samples(layer, 4), layer.stream(2)
    out = torch.full((2, 17), 7.0, dtype=torch.float64)
    assert stream.push(x[0], out) is None
    assert (out == 7).all()
    assert stream.push(x[1], out) is out
    assert_same(out, whole(layer, x)[0][0])


def test_out_may_be_the_sample(engine):
    layer = make(inputs=17)
    x, stream = samples(layer, 4), layer.stream(2)
    wanted = whole(layer, x)[0]
    for x_n, wanted_n in zip(x.clone(), wanted, strict=True):
        stream.push(x_n, x_n)
        assert_same(x_n, wanted_n)


def test_samples_may_be_views_and_parameters(engine):
    layer = make()
    x = samples(layer, 4)
    wanted = whole(layer, x)[0]
    stream = layer.stream(2)
    crooked = x.permute(0, 2, 1).contiguous().permute(0, 2, 1)
    assert not crooked[0].is_contiguous()
    assert_same(torch.stack(pushed(stream, crooked)), wanted)
    stream.reset()
    assert_same(stream.push(nn.Parameter(x[0])), wanted[0])


def test_the_sign_of_a_sample_may_still_have_to_be_turned(engine):
    layer = make()
    x = samples(layer, 6)
    turned = torch._neg_view(-x)
    assert turned[0].is_neg() and turned[0].is_contiguous()
    assert_same(streamed(layer.stream(2), turned), whole(layer, x)[0])


def test_nothing_is_differentiated(engine):
    layer = make(context=(0, 1))
    x = samples(layer, 3).requires_grad_()
    assert not streamed(layer.stream(2), x).requires_grad


def test_made_in_inference_mode_and_used_outside(engine):
    layer = make(context=(1, 1), num_layers=2)
    x = samples(layer, 5)
    with torch.inference_mode():
        stream = layer.stream(2)
        stream.push(x[0])
    known = pushed(stream, x[1:])
    assert_same(torch.cat([torch.stack(known), stream.flush()]), whole(layer, x)[0])


def test_dropout_is_left_out(engine):
    layer = make(num_layers=2, dropout=0.5)
    x = samples(layer, 5)
    assert layer.training
    assert_same(torch.stack(pushed(layer.stream(2), x)), whole(layer.eval(), x)[0])


def test_a_stream_keeps_the_weights_it_was_made_with(engine):
    layer = make(proj_size=5, peephole="full")
    x = samples(layer, 5)
    wanted, stream = whole(layer, x)[0], layer.stream(2)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    assert_same(torch.stack(pushed(stream, x)), wanted)


def test_streams_of_one_layer_do_not_disturb_each_other(engine):
    layer = make(context=(1, 1), num_layers=2)
    x = samples(layer, 8)
    one, other = layer.stream(2), layer.stream(2)
    known = [(one.push(x_n), other.push(-x_n)) for x_n in x]
    mine = torch.cat([torch.stack([a for a, _ in known if a is not None]), one.flush()])
    theirs = torch.cat([torch.stack([b for _, b in known if b is not None]), other.flush()])
    assert_same(mine, whole(layer, x)[0])
    assert_same(theirs, whole(layer, -x)[0])


@pytest.mark.parametrize(
    ("hidden", "B", "T"), [(64, 2, 200), (640, 8, 20)], ids=["short steps", "long steps"]
)
def test_streams_in_several_threads(hidden, B, T):
    layer = make(torch.float32, hidden=hidden)
    x = samples(layer, T, B)
    wanted, found = streamed(layer.stream(B), x), {}
    assert_same(wanted, whole(layer, x)[0])

    def run(i: int) -> None:
        found[i] = streamed(layer.stream(B), x)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [torch.equal(found[i], wanted) for i in range(4)] == [True] * 4


@pytest.mark.parametrize("at", [0, 1, 2, 5, 8])
def test_a_saved_state_goes_on_with_the_same_bits(engine, at):
    layer = make(context=[(2, 1), (0, 2)], num_layers=2, input_gate=True, proj_size=5)
    x = samples(layer, 8)
    stream = layer.stream(2)
    pushed(stream, x[:at])
    file = io.BytesIO()
    torch.save(stream.state, file)
    wanted = streamed(stream, x[at:])
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = layer.stream(2)
    pushed(other, -x[:3])
    other.state = state
    assert_equal(other.state, state)
    for part in state.values():
        part.zero_()  # what was set is a copy
    assert torch.equal(streamed(other, x[at:]), wanted)


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
def test_a_state_moves_between_engines():
    layer = make(context=(1, 2), num_layers=2, peephole="full")
    x = samples(layer, 9)
    with use_kernel("eager"):
        eager = layer.stream(2)
    known = pushed(eager, x[:4])
    stream = layer.stream(2)
    stream.state = eager.state
    assert_same(torch.cat([torch.stack(known), streamed(stream, x[4:])]), whole(layer, x)[0])


def test_the_state_is_a_copy(engine):
    layer = make(context=(1, 0))
    x, stream = samples(layer, 3), layer.stream(2)
    stream.push(x[0])
    for part in stream.state.values():
        part.fill_(1)
    assert_same(torch.stack(pushed(stream, x[1:])), whole(layer, x)[0][1:])


def test_what_a_state_holds(engine):
    layer = make(num_layers=2, context=[(2, 1), (0, 0)], proj_size=5)
    stream, x = layer.stream(2), samples(layer, 3)
    pushed(stream, x)
    state = stream.state
    shapes = {name: tuple(part.shape) for name, part in state.items()}
    assert shapes == dict(v=(2, 2, 5), s=(2, 2, 17), window_l0=(2, 4, 3), steps=(), finished=())
    assert state["steps"] == 3
    assert not state["finished"]
    assert torch.equal(state["window_l0"][:, :3], x.flip(0).transpose(0, 1))
    assert (state["window_l0"][:, 3] == 0).all()


def test_flush_ends_a_stream_and_reset_starts_it_anew(engine):
    layer = make(context=(1, 2))
    x, stream = samples(layer, 6), layer.stream(2)
    wanted = streamed(stream, x)
    for call, match in ((lambda: stream.push(x[0]), "push: "), (stream.flush, "flush: ")):
        with pytest.raises(
            RuntimeError, match=match + r"this stream has been flushed; start anew with reset\(\)"
        ):
            call()
    ended = stream.state
    assert ended["finished"]
    assert ended["steps"] == 6
    stream.reset()
    assert_same(streamed(stream, x[:3]), whole(layer, x[:3])[0])
    stream.reset()
    assert torch.equal(streamed(stream, x), wanted)
    stream.state = ended
    with pytest.raises(RuntimeError, match="flushed"):
        stream.push(x[0])
