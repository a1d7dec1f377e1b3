"""The plain LSTM through torch.lstm, as on a GPU; on the CPU the same function runs PyTorch's own code."""

import pytest
import torch
from scans import make, run, run_eager

from carousel.kernels import LSTMCell
from carousel.kernels.gpu import cudnn
from helpers import assert_same


def door(cell, x, state, weights, lengths, reverse):
    return cudnn.scan(x, state, weights, reverse)


@pytest.mark.parametrize("projection", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_values_and_gradients(projection, bias, reverse):
    one = make(LSTMCell(projection=projection), 4, 3, 2, 5, bias=bias, reverse=reverse)
    assert_same(run(one, door), run_eager(one))


@pytest.mark.parametrize("projection", [False, True])
def test_second_derivatives_go_through_operations(projection):
    one = make(LSTMCell(projection=projection), 3, 2, 2, 3, reverse=True)
    given = {name: tensor.clone().requires_grad_() for name, tensor in one.sources.items()}

    def outputs(x, v_init, s_init, *weights):
        named = one.weights._replace(**dict(zip(list(given)[3:], weights, strict=True)))
        v, last = cudnn.scan(x, (v_init, s_init), named, one.reverse)
        return v, *last

    torch.autograd.gradcheck(outputs, tuple(given.values()))
    torch.autograd.gradgradcheck(outputs, tuple(given.values()))


def test_only_what_is_wanted():
    one = make(LSTMCell(), 3, 2, 2, 3)
    v, _ = cudnn.scan(one.x, (one.v_init, one.s_init), one.weights, False)
    assert not v.requires_grad
    x = one.x.clone().requires_grad_()
    v, (_, s_last) = cudnn.scan(x, (one.v_init, one.s_init), one.weights, False)
    (slope,) = torch.autograd.grad(v.sum() + s_last.sum(), x, retain_graph=True)
    (again,) = torch.autograd.grad(v.sum() + s_last.sum(), x)
    assert slope.any() and torch.equal(slope, again)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(v.sum() + s_last.sum(), x)


@pytest.mark.parametrize("wants", [True, False])
def test_cudnn_keeps_nothing_where_no_gradient_is_wanted(wants, monkeypatch):
    one, told = make(LSTMCell(), 3, 2, 2, 3), []
    library = torch.lstm
    monkeypatch.setattr(torch, "lstm", lambda *given: told.append(given[6]) or library(*given))
    with torch.set_grad_enabled(wants):
        cudnn.scan(one.x.clone().requires_grad_(), (one.v_init, one.s_init), one.weights, False)
    assert told == [wants]


def test_what_the_backward_pass_read_is_freed_though_the_loss_is_kept():
    one = make(LSTMCell(), 3, 2, 2, 3)
    v, _ = cudnn.scan(one.x.clone().requires_grad_(), (one.v_init, one.s_init), one.weights, False)
    loss, node = v.sum(), v.grad_fn
    assert node.outputs is not None
    loss.backward()
    assert loss.grad_fn is not None and node.outputs is None and node.leaves is None


def test_batched_gradients():
    one = make(LSTMCell(), 3, 2, 2, 3)
    x, errors = one.x.clone().requires_grad_(), torch.randn(4, 3, 2, 3, dtype=one.x.dtype)
    v, _ = cudnn.scan(x, (one.v_init, one.s_init), one.weights, False)
    (found,) = torch.autograd.grad(v, x, errors, retain_graph=True, is_grads_batched=True)
    for error, slope in zip(errors, found, strict=True):
        assert_same(slope, torch.autograd.grad(v, x, error, retain_graph=True)[0])
