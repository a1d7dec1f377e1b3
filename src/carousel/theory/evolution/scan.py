"""One scan for every cell on the way from the RNN to the LSTM: a cell is a list of weights and one step."""

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

G_c = torch.sigmoid
G_d = torch.tanh


class Cell(nn.Module):
    r"""A recurrence $s[n], v[n] = \mathrm{step}(\xi[n], s[n-1], v[n-1])$; each subclass is one step of the road.

    Weights carry the paper's names for the LSTM from the beginning: `W_xdu`, `W_vdu`, `b_du` are the RNN's $W_x$,
    $W_r$, $\theta_s$, and v is its readout r until that gets a gate. A gate p that is still a constant has a bias
    `b_p` only, a number for each unit. Biases have shape [1, d_s]; all weights have a leading axis with `copies`.

    Args:
        input_size: features of a sample (d_x).
        state_size: size of state, gates and value (d_s).
        copies: R cells, drawn independently and run side by side, or None for one cell without that axis.
        memory: steps that the state's gate is set to remember at the start: b_cs = log U(1, memory - 1) and
            b_cu = -b_cs, after Tallec and Ollivier, arXiv 1804.11188; with 2, both are zero.
        seed: of the weights, U(-1/sqrt(d_s), 1/sqrt(d_s)), and of the fractions W_s, U(0, 1). Other biases are zero.
        dtype: of the weights.

    Raises:
        ValueError: a size is not a positive whole number, or memory is below 2.

    Source: this library's reading of the paper. Public notes on it confirm the beginning, the canonical RNN, and a
    public program in its notation the end, the Vanilla LSTM.
    """

    weights: ClassVar[tuple[str, ...]]
    context: ClassVar[tuple[int, int]] = (0, 0)
    """(past, future): how many samples before and after x[n] the cell sees."""
    b_s: Tensor
    b_cs: Tensor
    b_cu: Tensor
    b_du: Tensor
    b_cr: Tensor
    b_cx: Tensor

    def __init__(
        self,
        input_size: int,
        state_size: int,
        copies: int | None = None,
        *,
        memory: float = 2.0,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        sizes = dict(input_size=input_size, state_size=state_size, copies=1 if copies is None else copies)
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} must be a whole number, at least 1, got {size!r}")
        if not 2 <= memory < math.inf:
            raise ValueError(f"memory must be a finite number of steps, at least 2, got {memory!r}")
        self.input_size, self.state_size, self.copies = input_size, state_size, copies
        lead = () if copies is None else (copies,)
        sources = {"x": (sum(self.context) + 1) * input_size, "s": state_size, "v": state_size}
        for name in self.weights:
            shape = (1, state_size) if name[0] == "b" else (state_size, sources[name[2]])
            self.register_parameter(name, nn.Parameter(torch.empty(*lead, *shape, dtype=dtype)))
        self._draw(memory, torch.Generator().manual_seed(seed))

    def step(self, xi: dict[str, Tensor], s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """From the input's share of each node, s[n-1] and v[n-1], to s[n] and v[n]; all [*R, B, d_s]."""
        raise NotImplementedError

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The state s and the value v at every step, [T, *R, B, d_s] each.

        Args:
            x: [T, B, d_x], or with copies [T, R, B, d_x]; T >= 1, finite.
            state: s[-1] and v[-1], [*R, B, d_s] each; zeros if None.

        Raises:
            ValueError: a shape does not fit, or a number is NaN or infinite.
        """
        signals = list(self.signals(x, state))
        return torch.stack([s for s, _ in signals]), torch.stack([v for _, v in signals])

    def signals(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """s[n] and v[n] one step after the other, as nodes of one graph. Everything else as for a call."""
        lead = () if self.copies is None else (self.copies,)
        _check(x, "x", ("T", *lead, "B", self.input_size))
        shape = (*lead, x.shape[-2], self.state_size)
        s, v = (x.new_zeros(shape), x.new_zeros(shape)) if state is None else state
        _check(s, "state[0], s[-1],", shape)
        _check(v, "state[1], v[-1],", shape)
        shares = {p: share.unbind() for p, share in self._shares(x).items()}
        for n in range(len(x)):
            s, v = self.step({p: share[n] for p, share in shares.items()}, s, v)
            yield s, v

    def node(self, p: str, share: Tensor, v: Tensor, s: Tensor | None = None) -> Tensor:
        """The accumulation node a_p: share + W_vp v, and W_sp s where the node sees the state."""
        plus_product = torch.addmm if v.dim() == 2 else torch.baddbmm
        a = plus_product(share, v, getattr(self, f"W_v{p}").mT)
        return a if s is None else plus_product(a, s, getattr(self, f"W_s{p}").mT)

    def load(self, symbols: Mapping[str, ArrayLike]) -> None:
        """Take over weights under the names and in the shapes of a layer's `symbols()`.

        Args:
            symbols: W_x* [taps, d_s, d_x], other matrices [d_s, d_s], biases [d_s]; for all copies alike, or with a
                leading axis of copies, each its own (biases then [R, 1, d_s]).

        Raises:
            ValueError: a name is missing or unknown, a shape does not fit, or a weight is NaN.
        """
        if symbols.keys() != set(self.weights):
            raise ValueError(
                f"{type(self).__name__} has the weights {', '.join(sorted(self.weights))}, "
                f"got {', '.join(sorted(symbols))}"
            )
        for name, weight in self.named_parameters():
            given = torch.as_tensor(symbols[name]).detach()
            fitted = given.movedim(-3, -2).flatten(-2) if name[:3] == "W_x" and given.dim() > 2 else given
            fitted = fitted.unsqueeze(0) if fitted.dim() == 1 else fitted
            lead, shape = fitted.shape[:-2], fitted.shape[-2:]
            if shape != weight.shape[-2:] or lead not in ((), weight.shape[:-2]):
                raise ValueError(f"{name} must fit shape {list(weight.shape)}, got {list(given.shape)}")
            if fitted.isnan().any():
                raise ValueError(f"{name} holds a NaN; give numbers")
            weight.data.copy_(fitted)

    def _shares(self, x: Tensor) -> dict[str, Tensor]:
        """W_xp x + b_p at every step at once; without the bias where a gate multiplies the input first."""
        past, future = self.context
        T = len(x)
        padded = torch.cat([x.new_zeros(past, *x.shape[1:]), x, x.new_zeros(future, *x.shape[1:])])
        seen = torch.cat([padded[past + future - tap :][:T] for tap in range(past + 1 + future)], dim=-1)
        shares = {name[3:]: seen @ getattr(self, name).mT for name in self.weights if name.startswith("W_x")}
        gated = {"du"} if "b_cx" in self.weights else set()
        return {p: share if p in gated else share + getattr(self, f"b_{p}") for p, share in shares.items()}

    def _draw(self, memory: float, generator: torch.Generator) -> None:
        bound = 1 / math.sqrt(self.state_size)
        for name, weight in self.named_parameters():
            if name == "b_s":
                fractions = torch.rand(weight.shape, generator=generator, dtype=weight.dtype)
                weight.data.copy_(fractions.logit(eps=1e-6))
            elif name == "b_cs":
                weight.data.uniform_(1, memory - 1, generator=generator).log_()
            elif name.startswith("b"):
                weight.data.zero_()
            else:
                weight.data.uniform_(-bound, bound, generator=generator)
        if "b_cu" in self.weights:
            self.get_parameter("b_cu").data.copy_(-self.get_parameter("b_cs").data)


def _check(signal: Tensor, name: str, shape: tuple[int | str, ...]) -> None:
    fits = signal.dim() == len(shape) and all(
        size >= 1 if isinstance(wanted, str) else size == wanted
        for size, wanted in zip(signal.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have shape [{', '.join(map(str, shape))}], got {list(signal.shape)}")
    if not signal.isfinite().all():
        raise ValueError(f"{name} holds a NaN or an infinity; remove or replace it")
