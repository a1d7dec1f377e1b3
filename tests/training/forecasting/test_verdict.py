"""Who won is said the way the numbers go."""

import pytest

from carousel.training.forecasting.verdict import verdict


@pytest.mark.parametrize(
    ("model", "seasonal", "persistence", "said"),
    [
        (0.9, 1.0, 3.0, "the model wins: its error is 10.0 % below that of the seasonal naive forecast and 70.0 % below that of persistence"),
        (1.5, 1.0, 3.0, "the seasonal naive forecast wins: the model's error is 50.0 % above that of the seasonal naive forecast and 50.0 % below that of persistence"),
        (1.2, 2.0, 1.0, "persistence wins: the model's error is 40.0 % below that of the seasonal naive forecast and 20.0 % above that of persistence"),
        (0.5, 1.0, 1.0, "the model wins: its error is 50.0 % below that of persistence"),
        (1.0, 1.0, 1.0, "the model is no better than persistence: its error is that of persistence"),
        (1.0, 0.0, 2.0, "the seasonal naive forecast wins: the model's error is above the faultless one of the seasonal naive forecast and 50.0 % below that of persistence"),
    ],
)  # fmt: skip
def test_verdict(model, seasonal, persistence, said):
    assert verdict({"forecast": model, "seasonal": seasonal, "persistence": persistence}) == said


def test_verdict_beside_an_autoregression_and_by_likelihood():
    mase = {"forecast": 0.9, "persistence": 3.0, "seasonal": 1.0, "ar": 0.8}
    assert verdict(mase) == (
        "the autoregression wins: the model's error is 10.0 % below that of the seasonal naive forecast, 12.5 % above that "
        "of the autoregression and 70.0 % below that of persistence"
    )
    assert verdict(mase, {"forecast": 1.0}) == verdict(mase)
    assert verdict(mase, {"forecast": -1.0, "garch": -0.98, "constant": 0.5}) == (
        "the model wins: its negative log-likelihood is 0.020 nats below that of GARCH(1,1) and 1.500 nats below that of "
        "the constant distribution"
    )
    assert verdict(mase, {"forecast": 2.0, "constant": 1.5}, {"garch": "it is away"}) == (
        "the constant distribution wins: the model's negative log-likelihood is 0.500 nats above that of the constant "
        "distribution; GARCH(1,1) is left out: it is away"
    )
