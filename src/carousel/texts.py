"""What the commands print for a person to read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from carousel.files import as_argument


class Task(Protocol):
    """What is asked here about a kind of task."""

    @property
    def writes(self) -> str: ...

    @property
    def reads(self) -> bool: ...

    @property
    def chooses(self) -> bool: ...

    def shown(self, scores: Mapping[str, Any], /) -> str: ...

    def told(self, scores: Mapping[str, Any], /) -> str: ...

    def verdict(self, scores: Mapping[str, Any], /) -> str: ...


def fitted(
    run: Path,
    metrics: dict[str, Any],
    task: Task,
    report: Path,
    sequence: str | None,
    worth: str | None,
) -> str:
    folder = as_argument(run)
    judged = "".join(f"{verdict}\n\n" for verdict in (task.verdict(metrics["test"]), worth) if verdict)
    data = {"text": "", "music": " --out piece.mid"}.get(task.writes, " --data FILE")
    predict = f"carousel predict {folder}{data}\n  "
    look = f"carousel report {folder} --sequence {sequence}\n  " if sequence else ""
    return f"""\
{judged}{_kept(metrics, task, whole=f" of {metrics['epochs']}")}
{_scored(task):<11} {task.shown(metrics["test"])}
kernel      {metrics["kernel"]}
run         {run}
report      {report}

Next:
  {look}carousel evaluate {folder}
  {predict if task.reads else ""}carousel fit {as_argument(run / "config.yaml")}"""


def interrupted(run: Path, metrics: dict[str, Any], task: Task) -> str:
    folder, which = as_argument(run), "best" if task.chooses else "last"
    return f"""\
Interrupted after epoch {metrics["epochs"]}; the {which} epoch so far is kept and can be used.
{_kept(metrics, task)}
kernel      {metrics["kernel"]}
run         {run}

Next:
  carousel evaluate {folder}
  carousel report {folder}
  carousel fit {as_argument(run / "config.yaml")}"""


def evaluated(source: str | None, scores: dict[str, Any], task: Task) -> str:
    """What a model scores on a file, or on what is scored after its training."""
    return f"{source or _scored(task)}: {task.told(scores)}"


def _scored(task: Task) -> str:
    """What the score after a training is of."""
    return "test" if task.chooses else "code length"


def _kept(metrics: dict[str, Any], task: Task, whole: str = "") -> str:
    """The epoch that is kept, and its score: of the validation part, or of what it told before it was learnt."""
    kept, score = metrics["best_epoch"], task.shown(metrics["validation"])
    if task.chooses:
        return f"best epoch  {kept}{whole}\nvalidation  {score}"
    return f"last epoch  {kept}{whole}, {score} before it was learnt"


def compared(tables: str, page: Path | None) -> str:
    return f"{tables}\npage: {page}" if page else tables.rstrip("\n")


def health(found: dict[str, Any]) -> str:
    extras = [
        f"extra {name}: " + (f"missing {', '.join(missing)}" if missing else "installed")
        for name, missing in found["extras"].items()
    ]
    versions = [f"{name} {version}" for name, version in found["versions"].items()]
    return "\n".join(
        [
            *versions,
            f"threads: {found['threads']}",
            *extras,
            f"kernel: {found['kernel']['summary']}, because {found['kernel']['reason']}",
            f"largest difference from torch.nn.LSTM: {found['difference']:.1e}",
            f"folder {found['folder']}: " + ("writable" if found["writable"] else "NOT writable"),
            "all is well" if found["healthy"] else "something is wrong",
        ]
    )


def verdicts(claims: list[dict[str, Any]], page: Path) -> str:
    lines = [
        f"{claim['name']}: {'holds' if claim['holds'] else 'DOES NOT HOLD'}. {claim['sentence']}"
        for claim in claims
    ]
    return "\n".join([*lines, f"page: {page}"])


def reach(lag: int | None, longest: int, figure: Path) -> str:
    if lag is None:
        found = f"after {longest} steps, the most there are, more than 1 % of an error is left"
    else:
        found = f"1 % of an error is left after {lag} steps"
    return f"{found}\nfigure: {figure}"
