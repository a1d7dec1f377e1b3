"""The measuring: from a setting to its results."""

import warnings
from collections.abc import Mapping

import numpy as np

from carousel.benchmarks.agreement import disagreement
from carousel.benchmarks.contestants import Contestant, UnsuitableError, Values
from carousel.benchmarks.machine import limited
from carousel.benchmarks.memory import peak_memory
from carousel.benchmarks.pairing import Ratio, take_times
from carousel.benchmarks.peers import build
from carousel.benchmarks.plan import Setting
from carousel.benchmarks.problem import Problem
from carousel.benchmarks.result import Result
from carousel.benchmarks.rows import LONGER


def measure(setting: Setting, seconds: float, peaks: Mapping[int, float]) -> list[Result]:
    """One result for each rival of the setting, with a reason instead of numbers where it is not timed.

    Args:
        setting: what to measure.
        seconds: to spend on rounds; at least seven are taken.
        peaks: the machine's float32 peak in 1e9 operations a second, by number of threads.
    """
    if setting.mode == "memory":
        return [_memory(setting, rival) for rival in setting.rivals]
    with limited(setting.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch tells that it leaves oneDNN, which is what is measured
        problem = Problem.draw(setting.cell, setting.mode, setting.shape)
        try:
            own, values = _witnessed(problem)
        except UnsuitableError as error:
            return [Result(*setting[:4], rival, refused=str(error)) for rival in setting.rivals]
        if setting.mode == "length":
            return [_length(setting, own, seconds)]
        contestants, refused = _rivals(setting, problem, values)
        return _speeds(setting, problem, {"carousel": own, **contestants}, refused, seconds, peaks)


def _witnessed(problem: Problem) -> tuple[Contestant, Values]:
    """This library's contestant, and its values, which an independent one confirms.

    Raises UnsuitableError if it does not.
    """
    if problem.mode == "streaming":
        witness = "nn.LSTMCell"
    else:
        witness = "nn.LSTM" if problem.layer.cell.peephole == "none" else "loop"
    own = build("carousel", problem)
    values = own.read(own.step())
    _demand_agreement(build(witness, problem), values)
    return own, values


def _demand_agreement(contestant: Contestant, values: Values) -> None:
    if reason := disagreement(contestant.read(contestant.step()), values):
        raise UnsuitableError(f"{contestant.name} {reason} with carousel")


def _rivals(
    setting: Setting, problem: Problem, values: Values
) -> tuple[dict[str, Contestant], dict[str, str]]:
    """The rivals that can be timed, and why the others cannot."""
    contestants, refused = {}, {}
    for rival in setting.rivals:
        try:
            if rival == "plain":
                contestants[rival], _ = _witnessed(Problem.draw("plain", setting.mode, setting.shape))
            elif rival != "peak":
                contestant = build(rival, problem)
                _demand_agreement(contestant, values)
                contestants[rival] = contestant
        except UnsuitableError as error:
            refused[rival] = str(error)
    return contestants, refused


def _speeds(
    setting: Setting,
    problem: Problem,
    contestants: Mapping[str, Contestant],
    refused: Mapping[str, str],
    seconds: float,
    peaks: Mapping[int, float],
) -> list[Result]:
    times = take_times(contestants, seconds)
    mine = times["carousel"]
    peak = peaks[setting.threads] / (2 if setting.cell == "float64" else 1)
    times["peak"] = [problem.operations / peak / 1e9] * len(mine)
    plain = Problem.draw("plain", setting.mode, setting.shape)
    work = {"plain": problem.operations / plain.operations}
    return [
        Result(*setting[:4], rival, refused=refused[rival])
        if rival in refused
        else _result(setting, rival, mine, times[rival], problem.operations, work.get(rival, 1.0))
        for rival in setting.rivals
    ]


def _result(
    setting: Setting, rival: str, own: list[float], other: list[float], operations: int, work: float = 1.0
) -> Result:
    """`work` is how many times as many operations this library's step has as the other's."""
    steps = setting.shape.T if setting.mode == "streaming" else 1
    seconds, ratio = float(np.median(own)), Ratio.of(other, own).scaled(work)
    return Result(
        *setting[:4],
        rival,
        own=seconds / steps,
        other=float(np.median(other)) / steps,
        ratio=ratio.median,
        quartiles=(ratio.low, ratio.high),
        rounds=len(own),
        speed=operations / seconds / 1e9,
    )


def _length(setting: Setting, own: Contestant, seconds: float) -> Result:
    """The time of more steps over the time of the setting's; here a small ratio is good."""
    shape = setting.shape._replace(T=LONGER * setting.shape.T)
    problem = Problem.draw(setting.cell, setting.mode, shape)
    times = take_times({"short": own, "long": build("carousel", problem)}, seconds)
    ratio = Ratio.of(times["long"], times["short"])
    return Result(
        *setting[:4],
        setting.rivals[0],
        own=float(np.median(times["long"])),
        other=float(np.median(times["short"])),
        ratio=ratio.median,
        quartiles=(ratio.low, ratio.high),
        rounds=len(times["long"]),
        speed=problem.operations / float(np.median(times["long"])) / 1e9,
    )


def _memory(setting: Setting, rival: str) -> Result:
    try:
        own, other = (
            peak_memory(name, setting.cell, setting.shape, setting.threads) for name in ("carousel", rival)
        )
    except UnsuitableError as error:
        return Result(*setting[:4], rival, refused=str(error))
    return Result(*setting[:4], rival, own=own, other=other, ratio=other / own, rounds=1)
