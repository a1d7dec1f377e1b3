"""Who forecasts best, in one sentence."""

from collections.abc import Mapping

NAMES = {
    "seasonal": "the seasonal naive forecast",
    "ar": "the autoregression",
    "persistence": "persistence",
    "garch": "GARCH(1,1)",
    "constant": "the constant distribution",
}


def verdict(
    mase: Mapping[str, float],
    nll: Mapping[str, float] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> str:
    """Who won, and how far apart they are: by likelihood if rivals say a normal distribution, else by scaled error.

    >>> verdict({"forecast": 0.9, "seasonal": 1.0, "persistence": 3.0})
    'the model wins: its error is 10.0 % below that of the seasonal naive forecast and 70.0 % below that of persistence'
    """
    if nll is not None and len(nll) > 1:
        scores, what, apart = nll, "negative log-likelihood", _nats_apart
    else:
        scores, what, apart = mase, "error", _share_apart
    rivals = {name: scores[name] for name in NAMES if name in scores}
    if rivals.get("seasonal", 0) == rivals.get("persistence", 1):  # without a season they are the same
        del rivals["seasonal"]
    best = min(rivals, key=lambda name: rivals[name])
    model = scores["forecast"]
    if model < rivals[best]:
        winner, score = "the model wins", f"its {what}"
    elif model > rivals[best]:
        winner, score = f"{NAMES[best]} wins", f"the model's {what}"
    else:
        winner, score = f"the model is no better than {NAMES[best]}", f"its {what}"
    *first, last = [f"{apart(model, value)} {NAMES[name]}" for name, value in rivals.items()]
    listed = " and ".join([", ".join(first), last] if first else [last])
    without = [f"; {NAMES[name]} is left out: {why}" for name, why in (left_out or {}).items()]
    return f"{winner}: {score} is {listed}" + "".join(without)


def _share_apart(model: float, rival: float) -> str:
    if model == rival:
        return "that of"
    if rival == 0:
        return "above the faultless one of"
    share = model / rival - 1
    return f"{abs(share):.1%} {'above' if share > 0 else 'below'} that of".replace("%", " %")


def _nats_apart(model: float, rival: float) -> str:
    if model == rival:
        return "that of"
    return f"{abs(model - rival):.3f} nats {'above' if model > rival else 'below'} that of"
