"""The promised numbers: this library's layers beside cuDNN, operations, compiled operations and published figures."""

import torch
import torch.nn.functional as F
from machine import INPUTS

import carousel

BFLOAT16 = torch.bfloat16
FLASHRNN = {"forward": 4.87, "training": 13.61}
"""Milliseconds at B16 T1024 H768 in bfloat16 on an H100, from FlashRNN's own figure; without the input's product."""


def run(place, record) -> None:
    published(place, record)
    plain(place, record)
    peepholes(place, record)
    operations(place, record)
    ragged(place, record)


class Problem:
    """A layer with inputs of its size, as large as its hidden size."""

    def __init__(self, place, layer, T, B, H, dtype=BFLOAT16, lengths=None):
        self.place, self.layer, self.lengths = place, layer.to(place.device, dtype), lengths
        random = torch.randn(INPUTS, T, B, H, device=place.device).to(dtype)
        self.inputs = [x.requires_grad_() for x in random.unbind()]
        self.error = torch.randn(T, B, H, device=place.device).to(dtype)
        self.sources = list(self.layer.parameters())

    def call(self, i):
        x = self.inputs[i % INPUTS]
        return x, self.layer(x)[0] if self.lengths is None else self.layer(x, lengths=self.lengths)[0]

    def training(self, i):
        x, output = self.call(i)
        return torch.autograd.grad(output, [x, *self.sources], self.error)

    def forward(self, i):
        with torch.no_grad():
            return self.call(i)

    def milliseconds(self, mode="training", seconds=0.4):
        return self.place.milliseconds(getattr(self, mode), seconds)


def compared(against, ours, theirs, wanted=None, **more) -> dict:
    """A line; what is promised has a wanted ratio."""
    promise = {} if wanted is None else dict(wanted=wanted)
    return dict(against=against, ours=ours, theirs=theirs, ratio=theirs / ours, **promise, **more)


def published(place, record) -> None:
    T, B, H = place.size(1024, 16, 768)
    layers = {"full": (carousel.VanillaLSTM, "auto", 1.0), "plain": (carousel.LSTM, "auto", 1.0)}
    if not place.is_rehearsal:
        layers["plain on Triton"] = carousel.LSTM, "triton", None
    for name, (layer, kernel, wanted) in layers.items():

        def check(mode, layer=layer, kernel=kernel, wanted=wanted):
            with carousel.use_kernel(kernel):
                ours = Problem(place, layer(H, H), T, B, H).milliseconds(mode)
            return compared("FlashRNN (published)", ours, FLASHRNN[mode], wanted)

        for mode in FLASHRNN:
            record.attempt(f"{name} {mode} B{B} T{T} H{H}", check, mode)


def plain(place, record) -> None:
    for T, B, H in (1024, 16, 768), (512, 64, 512), (512, 64, 1024):
        T, B, H = place.size(T, B, H)

        def check(mode, T=T, B=B, H=H):
            ours, theirs = (Problem(place, layer(H, H), T, B, H) for layer in (carousel.LSTM, torch.nn.LSTM))
            wanted = 1.0 if mode == "training" else None
            return compared("nn.LSTM", ours.milliseconds(mode), theirs.milliseconds(mode), wanted)

        for mode in "training", "forward":
            record.attempt(f"plain {mode} against nn.LSTM B{B} T{T} H{H}", check, mode)


def peepholes(place, record) -> None:
    for H in 256, 512, 1024:
        for B in 16, 64, 256:
            T, b, h = place.size(512, B, H)

            def check(T=T, B=b, H=h):
                full = Problem(place, carousel.VanillaLSTM(H, H), T, B, H)
                theirs = Problem(place, torch.nn.LSTM(H, H), T, B, H)
                mine, other = full.milliseconds(seconds=0.3), theirs.milliseconds(seconds=0.3)
                reason = carousel.explain(full.layer, full.inputs[0]).reason
                return compared("nn.LSTM, plain", mine, other, 0.67, reason=reason)

            record.attempt(f"full training against nn.LSTM B{b} T{T} H{h}", check)


def operations(place, record) -> None:
    T, B, H = place.size(512, 64, 512)
    problem = Problem(place, carousel.VanillaLSTM(H, H), T, B, H)

    def eager():
        mine = problem.milliseconds()
        with carousel.use_kernel("eager"):
            return compared("operations", mine, problem.milliseconds(seconds=0.2), 20.0)

    def compiled():
        backend = "aot_eager" if place.is_rehearsal else "inductor"
        loop = Problem(place, CompiledSteps(problem.layer, backend), T, B, H)
        return compared("compiled step", problem.milliseconds(), loop.milliseconds(seconds=0.2), 5.0)

    record.attempt(f"full training against operations B{B} T{T} H{H}", eager)
    record.attempt(f"full training against a compiled step B{B} T{T} H{H}", compiled, seconds=90)


def ragged(place, record) -> None:
    """A batch of all lengths beside a batch of one length: times should stand as the numbers of tokens do."""
    T, B, H = place.size(512, 256, 512)

    def check():
        layer = carousel.VanillaLSTM(H, H)
        lengths = torch.linspace(1, T, B).round().long()
        whole, part = Problem(place, layer, T, B, H), Problem(place, layer, T, B, H, lengths=lengths)
        share = lengths.sum().item() / (T * B)
        return compared(
            f"{share:.0%} of a whole batch", part.milliseconds(), whole.milliseconds() * share, 0.9
        )

    record.attempt(f"ragged full training B{B} T{T} H{H}", check)


class CompiledSteps(torch.nn.Module):
    """The same layer as a loop over a step that torch.compile has compiled: the whole loop would take it minutes."""

    def __init__(self, layer, backend):
        super().__init__()
        self.symbols = torch.nn.ParameterList(layer.parameters())
        self.names = [name for name, _ in layer.named_parameters()]
        self.step = torch.compile(self._step, backend=backend, dynamic=False)

    def forward(self, x):
        stored = dict(zip(self.names, self.symbols, strict=True))
        xi = F.linear(x, stored["weight_ih_l0"], stored["bias_ih_l0"] + stored["bias_hh_l0"])
        W_v, W_s = stored["weight_hh_l0"], stored["weight_ch_l0"]
        v = s = x.new_zeros(x.shape[1], W_v.shape[1])
        outputs = []
        for n in range(len(x)):
            v, s = self.step(xi[n], v, s, W_v, W_s)
            outputs.append(v)
        return torch.stack(outputs), None

    @staticmethod
    def _step(xi, v, s, W_v, W_s):
        cu, cs, du, cr = torch.addmm(xi, v, W_v.t()).chunk(4, dim=-1)
        s_cu, s_cs = F.linear(s, W_s[: 2 * s.shape[-1]]).chunk(2, dim=-1)
        s = torch.sigmoid(cs + s_cs) * s + torch.sigmoid(cu + s_cu) * torch.tanh(du)
        v = torch.sigmoid(cr + F.linear(s, W_s[2 * s.shape[-1] :])) * torch.tanh(s)
        return v, s
