"""Scores from sums against NumPy on all pairs at once."""

import numpy as np
import pytest
import torch

from carousel.training.forecasting.outputs import LEVELS, Gaussian, Output, Point, Quantile
from carousel.training.forecasting.scores import Pairs, ScoreSums
from helpers import assert_same

GROUPS, HORIZON, TARGETS = 2, 3, 2
RIVALS = ("persistence", "seasonal", "ar")
NAIVE = np.array([[0.5, 2.0], [4.0, 0.25]])


def pairs(output: Output, steps: int, seed: int, level: float = 10.0) -> Pairs:
    random = torch.Generator().manual_seed(seed)
    shape = steps, 4, HORIZON, TARGETS

    def draw(*more: int) -> torch.Tensor:
        return level + torch.randn(*shape, *more, generator=random, dtype=torch.float64)

    counted = torch.rand(shape, generator=random) < 0.6
    points = draw(len(output.anchors)).sort(dim=-1).values
    rivals = {name: draw() for name in RIVALS}
    normals = {"constant": (draw(), draw().abs() + 0.1)}
    return Pairs(draw(), counted, points, rivals, normals, torch.tensor([0, 1, 1, 0]))


def summed(output: Output, parts: list[Pairs]) -> dict:
    sums = ScoreSums(output, GROUPS, HORIZON, TARGETS)
    for part in parts:
        sums.add(part)
    return sums.result(("load", "wind"), NAIVE)


def all_at_once(parts: list[Pairs]) -> Pairs:
    joined = [torch.cat(field) for field in list(zip(*parts, strict=True))[:3]]
    rivals = {name: torch.cat([part.rivals[name] for part in parts]) for name in RIVALS}
    mean, deviation = (torch.cat([part.normals["constant"][i] for part in parts]) for i in (0, 1))
    return Pairs(*joined, rivals, {"constant": (mean, deviation)}, parts[0].group)


@pytest.mark.parametrize(
    "output", [Point(), Quantile(), Gaussian()], ids=lambda output: type(output).__name__
)
def test_every_score_is_that_of_all_pairs(output):
    parts = [pairs(output, steps, seed) for seed, steps in enumerate((5, 1, 7))]
    found, whole = summed(output, parts), all_at_once(parts)
    assert found["pairs"] == int(whole.counted.sum())
    said = {"forecast": output.middle(whole.points), **whole.rivals}
    mase = {rival: np.zeros((GROUPS, TARGETS)) for rival in said}
    for index, name in enumerate(("load", "wind")):
        counted = whole.counted[..., index]
        y = whole.y[..., index][counted].numpy()
        for rival, values in said.items():
            error = np.abs(y - values[..., index][counted].numpy())
            scores = found["targets"][name][rival]
            assert scores["mae"] == pytest.approx(error.mean())
            assert scores["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
            assert scores["mape"] == pytest.approx((error / y).mean())
            for lead in range(HORIZON):
                at = whole.counted[:, :, lead, index]
                one = (whole.y - values)[:, :, lead, index][at].abs().mean()
                assert scores["by_lead"][lead] == pytest.approx(float(one))
                squared = (whole.y - values)[:, :, lead, index][at].square().mean()
                assert scores["rmse_by_lead"][lead] == pytest.approx(float(squared) ** 0.5)
            for group in range(GROUPS):
                of_group = whole.counted[..., index] & (whole.group == group).view(1, -1, 1)
                one = (whole.y - values)[..., index][of_group].abs().mean()
                mase[rival][group, index] = float(one) / NAIVE[group, index]
            assert scores["mase"] == pytest.approx(mase[rival][:, index].mean())
    for rival in said:
        assert found["mase"][rival] == pytest.approx(mase[rival].mean())
    quantiles = output.quantiles(whole.points)[whole.counted]
    below = (whole.y[whole.counted].unsqueeze(1) < quantiles).double().mean(dim=0)
    assert_same(torch.tensor(found["below"], dtype=torch.float64), below)


def test_pinball_crps_and_likelihood_are_told_where_the_output_has_them():
    part = pairs(Gaussian(), 5, 0)
    found = summed(Gaussian(), [part])
    every = Gaussian().losses(part.points, part.y)[part.counted]
    constant = -torch.distributions.Normal(*part.normals["constant"]).log_prob(part.y)[part.counted].mean()
    assert found["nll"] == {
        "forecast": pytest.approx(float(every.mean())),
        "constant": pytest.approx(float(constant)),
    }
    scores = found["targets"]["wind"]
    counted = part.counted[..., 1]
    points, y = part.points[..., 1, :][counted], part.y[..., 1][counted]
    assert scores["nll"] == pytest.approx(float(Gaussian().losses(points, y).mean()))
    assert scores["crps"] == pytest.approx(float(Gaussian().crps(points, y).mean()))
    part = pairs(Quantile(), 5, 0)
    found = summed(Quantile(), [part])
    assert found["nll"] is None
    scores = found["targets"]["wind"]
    counted = part.counted[..., 1]
    loss = Quantile().losses(part.points[..., 1, :][counted], part.y[..., 1][counted]).mean()
    assert scores["pinball"] == pytest.approx(float(loss) / 2)
    assert scores["nll"] is None and scores["crps"] is None
    assert summed(Point(), [pairs(Point(), 5, 0)])["targets"]["wind"]["pinball"] is None


def test_a_share_of_zero_or_of_a_negative_number_makes_no_sense():
    scores = summed(Point(), [pairs(Point(), 9, 0, level=0.0)])["targets"]["load"]
    assert scores["forecast"]["mape"] is None
    assert scores["forecast"]["mae"] > 0


def test_true_quantiles_cover_what_they_say():
    random = np.random.default_rng(0)
    y = torch.from_numpy(random.normal(size=(50_000, 1, 1, 1)))
    normal = torch.tensor([0.0, 1.0]).expand(50_000, 1, 1, 1, 2)
    none = {"persistence": torch.zeros_like(y)}
    sums = ScoreSums(Gaussian(), 1, 1, 1)
    sums.add(
        Pairs(y, torch.ones_like(y, dtype=torch.bool), normal, none, {}, torch.zeros(1, dtype=torch.int64))
    )
    found = sums.result(("y",), np.ones((1, 1)))
    assert np.abs(np.subtract(found["below"], found["levels"])).max() < 0.01
    assert [band["nominal"] for band in found["coverage"]] == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert all(abs(band["nominal"] - band["measured"]) < 0.01 for band in found["coverage"])


def test_a_truth_on_a_quantile_counts_half():
    y = torch.ones(1, 1, 1, 1)
    points = torch.tensor([0.0, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0]).expand(1, 1, 1, 1, 7)
    sums = ScoreSums(Quantile(), 1, 1, 1)
    sums.add(Pairs(y, y.bool(), points, {"persistence": y}, {}, torch.zeros(1, dtype=torch.int64)))
    assert sums.result(("y",), np.ones((1, 1)))["below"] == [0, 0, 0, 0.5, 1, 1, 1]
    assert len(LEVELS["quantile"]) == 7


def test_where_nothing_counts_there_is_no_score():
    part = pairs(Point(), 3, 0)
    nothing = summed(Point(), [part._replace(counted=torch.zeros_like(part.counted))])
    assert nothing["pairs"] == 0
    assert nothing["mase"]["forecast"] is None
    assert nothing["targets"]["load"]["forecast"] == {
        "mae": None, "rmse": None, "mape": None, "mase": None, "by_lead": [None] * HORIZON,
        "rmse_by_lead": [None] * HORIZON,
    }  # fmt: skip
