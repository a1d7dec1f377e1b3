"""Who forecasts best, in one sentence."""

from collections.abc import Mapping

NAIVE = {"seasonal": "the seasonal naive forecast", "persistence": "persistence"}


def verdict(mase: Mapping[str, float]) -> str:
    """Who won by the scaled error of each rival, and how far apart they are.

    >>> verdict({"forecast": 0.9, "seasonal": 1.0, "persistence": 3.0})
    'the model wins: its error is 10.0 % below that of the seasonal naive forecast and 70.0 % below that of persistence'
    """
    rivals = {name: mase[name] for name in NAIVE}
    if rivals["seasonal"] == rivals["persistence"]:  # without a season they are the same
        del rivals["seasonal"]
    best = min(rivals, key=lambda name: rivals[name])
    model = mase["forecast"]
    if model < rivals[best]:
        winner, error = "the model wins", "its error"
    elif model > rivals[best]:
        winner, error = f"{NAIVE[best]} wins", "the model's error"
    else:
        winner, error = f"the model is no better than {NAIVE[best]}", "its error"
    apart = " and ".join(f"{_apart(model, value)} {NAIVE[name]}" for name, value in rivals.items())
    return f"{winner}: {error} is {apart}"


def _apart(model: float, rival: float) -> str:
    if model == rival:
        return "that of"
    if rival == 0:
        return "above the faultless one of"
    share = model / rival - 1
    return f"{abs(share):.1%} {'above' if share > 0 else 'below'} that of".replace("%", " %")
