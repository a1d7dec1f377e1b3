"""Ragged batches, streams, signals in view, and the LSTMs of the paper."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from claims import Layer, claim, close

X = torch.randn(9, 4, 3)
LENGTHS = [5, 9, 1, 7]


@claim("PackedSequence, in any order")
def packed(LSTM: Layer) -> None:
    layer = LSTM(3, 4, bidirectional=True)
    output, (h, _) = layer(pack_padded_sequence(X, torch.tensor(LENGTHS), enforce_sorted=False))
    padded, _ = pad_packed_sequence(output)
    alone, (h_alone, _) = layer(X[:5, :1])
    close(padded[:5, :1], alone)
    close(h[:, :1], h_alone)


@claim("Padded batch with `lengths=`")
def lengths(LSTM: Layer) -> None:
    layer = LSTM(3, 4, num_layers=2, bidirectional=True)
    output, (h, c) = layer(X, lengths=LENGTHS)
    for i, length in enumerate(LENGTHS):
        alone, (h_alone, c_alone) = layer(X[:length, i : i + 1])
        close(output[:length, i : i + 1], alone)
        close(h[:, i : i + 1], h_alone)
        close(c[:, i : i + 1], c_alone)
        assert output[length:, i].abs().sum() == 0


@claim("Padded batch with `mask=`")
def mask(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    real = torch.arange(9).unsqueeze(1) < torch.tensor(LENGTHS)
    close(layer(X, mask=real)[0], layer(X, lengths=LENGTHS)[0])


@claim("A sample at a time, carrying the state")
def sample_at_a_time(LSTM: Layer) -> None:
    layer, state, outputs = LSTM(3, 4, num_layers=2), None, []
    for x_n in X:
        output, state = layer(x_n.unsqueeze(0), state)
        outputs.append(output)
    close(torch.cat(outputs), layer(X)[0])


@claim("`stream()`, with a state to save and restore")
def stream(LSTM: Layer) -> None:
    layer = LSTM(3, 4, num_layers=2)
    one = layer.stream(batch_size=4)
    first = [one.push(x_n) for x_n in X[:4]]
    other = layer.stream(batch_size=4)
    other.state = one.state
    close(torch.stack(first + [other.push(x_n) for x_n in X[4:]]), layer(X)[0])


@claim("Every gate and state at every step")
def trace(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    signals = layer.trace(X)
    close(signals["g_cr"] * signals["s"].tanh(), layer(X)[0])


def trains(layer: torch.nn.Module) -> None:
    layer(X)[0].square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in layer.parameters())


@claim("Peepholes, diagonal")
def diagonal_peepholes(LSTM: Layer) -> None:
    trains(LSTM(3, 4, peephole="diagonal"))


@claim("Peepholes, full matrices")
def full_peepholes(LSTM: Layer) -> None:
    trains(LSTM(3, 4, peephole="full"))


@claim("External input gate")
def input_gate(LSTM: Layer) -> None:
    trains(LSTM(3, 4, input_gate=True))


@claim("Input window that looks back and ahead")
def context(LSTM: Layer) -> None:
    layer = LSTM(3, 4, context=(1, 2))
    trains(layer)
    changed = X.clone()
    changed[5:] += 1
    assert torch.equal(layer(X)[0][:3], layer(changed)[0][:3])
    assert not torch.equal(layer(X)[0][3], layer(changed)[0][3])


@claim("Recurrent projection")
def projection(LSTM: Layer) -> None:
    trains(LSTM(3, 4, proj_size=2))
