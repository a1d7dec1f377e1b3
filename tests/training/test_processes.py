"""What is the share of one process: of a batch, of what is random, and of the scores."""

import pytest
import torch

from carousel.data import Batch
from carousel.training.processes import Alone, Together
from carousel.training.tally import Tally
from helpers import assert_same


class Second(Together):
    """The second of two processes, without the first."""

    def __init__(self) -> None:
        self.rank, self.count = 1, 2


@pytest.mark.parametrize("size, mine, values", [(5, [1, 3], [1.0, 3.0]), (2, [1], [1.0]), (1, [0], [])])
def test_the_share_of_a_process(size, mine, values):
    batch = Batch(torch.arange(6.0 * size).view(3, size, 2), torch.arange(size), None)
    seen = []

    def answer(share: Batch) -> dict[str, torch.Tensor]:
        seen.append(share)
        return {"loss": share.lengths.float()}

    scores = Second().scores(answer, batch)
    assert_same(seen[0].x, batch.x[:, mine], tolerance=0)
    assert_same(seen[0].lengths, batch.lengths[mine], tolerance=0)
    assert seen[0].labels is None
    assert scores["loss"].tolist() == values


def test_each_process_draws_its_own():
    def drawn(process: Alone) -> float:
        with torch.random.fork_rng():
            torch.manual_seed(7)
            process.draw_apart(7)
            return float(torch.rand(()))

    assert drawn(Alone()) != drawn(Second())
    assert drawn(Second()) == drawn(Second())


def test_a_tally_includes_another():
    values = torch.randn(9, generator=torch.Generator().manual_seed(0)).double()
    whole, part, other = Tally(), Tally(), Tally()
    whole.add(values)
    part.add(values[:4])
    other.add(values[4:])
    part.include(*other.numbers)
    assert part.count == 9
    assert_same(part.mean, whole.mean, tolerance=1e-14)
    assert_same(part.standard_error, whole.standard_error, tolerance=1e-14)
