"""A batch of sequences as the GPU kernels see it: packed, so that no time goes into what comes after an end."""

from dataclasses import dataclass

import torch
from torch import Tensor

Index = Tensor | slice


@dataclass(frozen=True)
class Rows:
    """Where the steps of a batch lie in a packed array [rows, d].

    The rows of step n follow those of step n - 1; within a step sequences come longest first, as far as they reach.
    What has a row for each sequence, [B, d], lies in that order too. Sequences all of one length keep their order,
    and a packed array is then the usual one, [T * B, d].
    """

    T: int
    B: int
    reverse: bool
    lengths: Tensor
    """Of the sequences in their order, [B], int32."""
    offsets: Tensor
    """The first row of each step, and after the last the number of rows, [T + 1], int64."""
    order: Tensor | None
    """The sequences' places in the batch, [B]; None if they are in order."""
    index: Tensor | None
    """The place of each row in [T * B]; None if packed and usual arrays are the same."""

    @classmethod
    def of(cls, T: int, B: int, lengths: Tensor | None, reverse: bool, device: torch.device) -> "Rows":
        """Waits for the device if there are lengths, to learn how many rows there are."""
        if lengths is None:
            whole = torch.full((B,), T, dtype=torch.int32, device=device)
            return cls(T, B, reverse, whole, torch.arange(0, T * B + 1, B, device=device), None, None)
        order = lengths.to(device).argsort(descending=True, stable=True)
        sorted_lengths = lengths.to(device)[order]
        inside = torch.arange(T, device=device)[:, None] < sorted_lengths
        offsets = torch.cat([inside.new_zeros(1, dtype=torch.int64), inside.sum(1).cumsum(0)])
        flat = inside.flatten().nonzero().squeeze(1)
        index = flat - flat % B + order[flat % B]
        return cls(T, B, reverse, sorted_lengths.int(), offsets, order, index)

    @property
    def count(self) -> int:
        return self.T * self.B if self.index is None else len(self.index)

    @property
    def of_first_steps(self) -> Index:
        """The row of each sequence's first step in the order of the recurrence, [B]."""
        return self._of_steps(self.reverse)

    @property
    def of_last_steps(self) -> Index:
        return self._of_steps(not self.reverse)

    def _of_steps(self, late: bool) -> Index:
        if not late:
            return slice(0, self.B)
        if self.order is None:
            return slice((self.T - 1) * self.B, None)
        return self.offsets[self.lengths - 1] + torch.arange(self.B, device=self.lengths.device)

    def pack(self, signal: Tensor) -> Tensor:
        """[T, B, d] to [rows, d]."""
        flat = signal.flatten(0, 1)
        return flat if self.index is None else flat[self.index]

    def unpack(self, packed: Tensor) -> Tensor:
        """[rows, d] to [T, B, d], zero after an end."""
        if self.index is not None:
            packed = packed.new_zeros(self.T * self.B, packed.shape[1]).index_copy_(0, self.index, packed)
        return packed.view(self.T, self.B, -1)

    def sort(self, each: Tensor) -> Tensor:
        """[B, d] from the batch's order to this one."""
        return each if self.order is None else each[self.order]

    def unsort(self, each: Tensor) -> Tensor:
        return each if self.order is None else torch.empty_like(each).index_copy_(0, self.order, each)

    def of_each(self, each: Tensor) -> Tensor:
        """[B, d] in the order of the sequences to [rows, d]: in each row that of its sequence."""
        if self.order is None:
            return each.repeat(self.T, 1)
        return each[self._sequences[1]]

    def delayed(self, packed: Tensor, init: Tensor) -> Tensor:
        """In each row what `packed` has in the row of the step before, or `init`, [rows, d]."""
        if self.order is None:
            kept = packed[self.B :] if self.reverse else packed[: -self.B]
            return torch.cat([kept, init] if self.reverse else [init, kept])
        return torch.cat([init, packed])[self._before]

    def handed_back(self, packed: Tensor) -> tuple[Tensor, Tensor]:
        """The reverse of `delayed`: each row to the row of the step before, and what comes out at the start [B, d]."""
        B, nothing = self.B, packed.new_zeros(self.B, packed.shape[1])
        if self.order is None:
            if self.reverse:
                return torch.cat([nothing, packed[:-B]]), packed[-B:]
            return torch.cat([packed[B:], nothing]), packed[:B]
        out = packed.new_zeros(B + len(packed), packed.shape[1]).index_copy_(0, self._before, packed)
        return out[B:], out[:B]

    @property
    def _before(self) -> Tensor:
        """Where each row finds the step before among B initial rows and all rows, [rows]."""
        n, sequence = self._sequences
        before = n + (1 if self.reverse else -1)
        exists = (before >= 0) & (before < self.lengths[sequence])
        return torch.where(exists, self.B + self.offsets[before.clamp(0, self.T - 1)] + sequence, sequence)

    @property
    def _sequences(self) -> tuple[Tensor, Tensor]:
        """The step of each row and its sequence, in their order, [rows] each."""
        n = torch.arange(self.T, device=self.offsets.device).repeat_interleave(
            self.offsets.diff(), output_size=self.count
        )
        return n, torch.arange(self.count, device=n.device) - self.offsets[n]
