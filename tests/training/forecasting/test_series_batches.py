"""What a batch of stretches holds, row by row, and that rows may lie on disk."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from carousel.training.forecasting.batches import Reach, Reader, in_blocks
from carousel.training.forecasting.pieces import Piece, Stretch
from helpers import assert_same
from some_series import groups_of, series_from, some_series


@given(some_series(), st.data())
def test_each_row_is_the_segment_s_or_zero(series, data):
    reach = Reach(data.draw(st.integers(1, 5)), data.draw(st.integers(1, 30)))
    ends = [data.draw(st.integers(1, length)) for length in series.lengths.tolist()]
    stretches = []
    for segment, end in enumerate(ends):
        start = data.draw(st.integers(0, end - 1))
        stop = data.draw(st.integers(start, end))
        stretches.append(Stretch(Piece(segment, 0, 2, end), start, stop, data.draw(st.booleans())))
    batch = Reader(series, ends, reach, groups_of(series)).batch(stretches)
    assert len(batch.rows) == sum(reach) + max(stop - start for _, start, stop, _ in stretches)
    for column, (piece, start, stop, is_first) in enumerate(stretches):
        for row in range(len(batch.rows)):
            at = start - reach.past + row
            if 0 <= at < min(ends[column], stop + reach.horizon):
                assert_same(batch.rows[row, column], series.values[column][at])
                assert (batch.observed[row, column].numpy() == series.observed[column][at]).all()
            else:
                assert batch.rows[row, column].abs().sum() == 0
                assert not batch.observed[row, column].any()
        assert batch.counted[column] == piece.counted - start
        assert batch.steps[column] == stop - start
        assert batch.starts[column] == is_first
        assert (batch.segment[column], batch.first[column]) == (column, start)
        assert groups_of(series)[batch.group[column]] == series.groups[column]


class OnDisk:
    """Rows that can only be sliced, and remember which were asked for."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self.shape, self.dtype = rows, rows.shape, rows.dtype
        self.asked: list[slice] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        assert isinstance(rows, slice)
        self.asked.append(rows)
        return self._rows[rows]


def test_a_stretch_is_one_slice_of_its_segment():
    series = series_from([1000])
    values = OnDisk(series.values[0])
    lazy = replace(series, values=(values,))
    reach = Reach(4, 3)
    stretch = Stretch(Piece(0, 100, 110, 130), 100, 130, True)
    batch = Reader(lazy, [1000], reach, ["a"]).batch([stretch])
    assert values.asked == [slice(96, 133)]
    assert_same(batch.rows[:, 0], torch.from_numpy(series.values[0][96:133]))


def test_blocks_are_all_rows_before_the_ends(monkeypatch):
    series = series_from([10, 1, 7])
    monkeypatch.setattr("carousel.training.forecasting.batches.NUMBERS_IN_BLOCK", 4 * series.n_features)
    blocks = list(in_blocks(series, [10, 0, 5]))
    assert [(segment, len(values)) for segment, values, _ in blocks] == [
        (0, 4),
        (0, 4),
        (0, 2),
        (2, 4),
        (2, 1),
    ]
    assert_same(np.concatenate([values for _, values, _ in blocks[:3]]), series.values[0])
