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
        """Waits for the device if there are lengths, to learn how many rows there are.

        Raises:
            RuntimeError: it cannot wait, because the stream is being captured into a CUDA graph.
        """
        if lengths is None:
            whole = torch.full((B,), T, dtype=torch.int32, device=device)
            return cls(T, B, reverse, whole, torch.arange(0, T * B + 1, B, device=device), None, None)
        if device.type == "cuda" and torch.cuda.is_current_stream_capturing():
            raise RuntimeError(
                "carousel: a CUDA graph is being captured, which can hold batches of one length only, and lengths are "
                "given; capture the call without lengths, or leave it out of the graph"
            )
        lengths = lengths.to(device, torch.int64)
        order = lengths.argsort(descending=True, stable=True)
        longest_first = lengths[order]
        steps = torch.arange(T, device=device)
        counts = B - torch.searchsorted(longest_first.flip(0), steps, right=True)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        count = int(offsets[-1])
        n = steps.repeat_interleave(counts, output_size=count)
        index = n * B + order[torch.arange(count, device=device) - offsets[n]]
        return cls(T, B, reverse, longest_first.int(), offsets, order, index)

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

    def delayed(self, signal: Tensor, init: Tensor) -> Tensor:
        """In each row what a signal, [rows, d] or [T, B, d], has in the step before, or `init`, [rows, d]."""
        if self.index is None:
            flat = signal.reshape(self.T * self.B, -1)
            kept = flat[self.B :] if self.reverse else flat[: -self.B]
            return torch.cat([kept, init] if self.reverse else [init, kept])
        if signal.dim() == 2:
            seen = signal[self._a_step_on(self._past)]
        else:
            flat = signal.flatten(0, 1)
            seen = flat[(self.index + self._past * self.B).clamp_(0, len(flat) - 1)]
        seen[self.of_first_steps] = init
        return seen

    def handed_back(self, packed: Tensor) -> Tensor:
        """The reverse of `delayed`: each row to the row of the step before, [rows, d]; first steps drop out."""
        if self.index is None:
            nothing = packed.new_zeros(self.B, packed.shape[1])
            kept = packed[: -self.B] if self.reverse else packed[self.B :]
            return torch.cat([nothing, kept] if self.reverse else [kept, nothing])
        back = packed[self._a_step_on(-self._past)]
        back[self.of_last_steps] = 0.0
        return back

    @property
    def _past(self) -> int:
        """Where a step finds the one before it."""
        return 1 if self.reverse else -1

    def _a_step_on(self, way: int) -> Tensor:
        """The row of the same sequence a step later, or earlier for -1; where it has none, any row."""
        counts = self.offsets.diff()
        distance = counts if way == 1 else -counts.roll(1)
        rows = distance.repeat_interleave(counts, output_size=self.count)
        return rows.add_(torch.arange(self.count, device=rows.device)).clamp_(0, self.count - 1)
