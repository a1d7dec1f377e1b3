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


def compared(record, what, against, wanted, ours, theirs, **more) -> None:
    record(what=what, against=against, wanted=wanted, ours=ours, theirs=theirs, ratio=theirs / ours, **more)


def published(place, record) -> None:
    T, B, H = place.size(1024, 16, 768)
    for name, layer in {"full": carousel.VanillaLSTM(H, H), "plain": carousel.LSTM(H, H)}.items():
        problem = Problem(place, layer, T, B, H)
        for mode, theirs in FLASHRNN.items():
            compared(
                record,
                f"{name} {mode} B{B} T{T} H{H}",
                "FlashRNN (published)",
                1.0,
                problem.milliseconds(mode),
                theirs,
            )
    problem = Problem(place, carousel.LSTM(H, H), T, B, H)
    if not place.is_rehearsal:
        with carousel.use_kernel("triton"):
            for mode, theirs in FLASHRNN.items():
                record(what=f"plain on Triton {mode}", ours=problem.milliseconds(mode), theirs=theirs)


def plain(place, record) -> None:
    for T, B, H in (1024, 16, 768), (512, 64, 512), (512, 64, 1024):
        T, B, H = place.size(T, B, H)
        ours, theirs = (
            Problem(place, layer, T, B, H) for layer in (carousel.LSTM(H, H), torch.nn.LSTM(H, H))
        )
        for mode in "training", "forward":
            wanted = dict(wanted=1.0) if mode == "training" else {}
            mine, other = ours.milliseconds(mode), theirs.milliseconds(mode)
            record(
                what=f"plain {mode} B{B} T{T} H{H}",
                against="cuDNN",
                ours=mine,
                theirs=other,
                ratio=other / mine,
                **wanted,
            )


def peepholes(place, record) -> None:
    for H in 256, 512, 1024:
        for B in 16, 64, 256:
            T, b, h = place.size(512, B, H)
            full = Problem(place, carousel.VanillaLSTM(h, h), T, b, h)
            cudnn = Problem(place, torch.nn.LSTM(h, h), T, b, h)
            mine, other = full.milliseconds(seconds=0.3), cudnn.milliseconds(seconds=0.3)
            reason = carousel.explain(full.layer).reason
            compared(
                record, f"full training B{B} T{T} H{H}", "cuDNN's plain", 0.67, mine, other, reason=reason
            )


def operations(place, record) -> None:
    T, B, H = place.size(512, 64, 512)
    problem = Problem(place, carousel.VanillaLSTM(H, H), T, B, H)
    mine = problem.milliseconds()
    with carousel.use_kernel("eager"):
        compared(
            record,
            f"full training B{B} T{T} H{H}",
            "operations",
            20.0,
            mine,
            problem.milliseconds(seconds=0.2),
        )
    loop = Problem(
        place, CompiledSteps(problem.layer, "aot_eager" if place.is_rehearsal else "inductor"), T, B, H
    )
    try:
        compared(
            record,
            f"full training B{B} T{T} H{H}",
            "compiled step",
            5.0,
            mine,
            loop.milliseconds(seconds=0.2),
        )
    except Exception as failure:
        record(what="compiled step", skipped=f"{type(failure).__name__}: {failure}"[:300])


def ragged(place, record) -> None:
    """A batch of all lengths beside a batch of one length: times should stand as the numbers of tokens do."""
    T, B, H = place.size(512, 256, 512)
    layer = carousel.VanillaLSTM(H, H)
    lengths = torch.linspace(1, T, B).round().long()
    whole, part = Problem(place, layer, T, B, H), Problem(place, layer, T, B, H, lengths=lengths)
    share = lengths.sum().item() / (T * B)
    theirs = whole.milliseconds() * share
    compared(
        record,
        f"ragged full training B{B} T{T} H{H}",
        f"{share:.0%} of the whole batch",
        0.9,
        part.milliseconds(),
        theirs,
    )


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
