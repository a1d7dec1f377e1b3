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

    def shown(self, scores: Mapping[str, Any], /) -> str: ...

    def verdict(self, scores: Mapping[str, Any], /) -> str: ...


def fitted(
    run: Path,
    metrics: dict[str, Any],
    task: Task,
    report: Path,
    utterance: str | None,
    worth: str | None,
) -> str:
    folder = as_argument(run)
    judged = "".join(f"{verdict}\n\n" for verdict in (task.verdict(metrics["test"]), worth) if verdict)
    data = {"text": "", "music": " --out piece.mid"}.get(task.writes, " --data FILE")
    predict = f"carousel predict {folder}{data}\n  "
    look = f"carousel report {folder} --utterance {utterance}\n  " if utterance else ""
    return f"""\
{judged}best epoch  {metrics["best_epoch"]} of {metrics["epochs"]}
validation  {task.shown(metrics["validation"])}
test        {task.shown(metrics["test"])}
kernel      {metrics["kernel"]}
run         {run}
report      {report}

Next:
  {look}carousel evaluate {folder}
  {predict if task.reads else ""}carousel fit {as_argument(run / "config.yaml")}"""


def interrupted(run: Path, metrics: dict[str, Any], task: Task) -> str:
    folder = as_argument(run)
    return f"""\
Interrupted after epoch {metrics["epochs"]}; the best epoch so far is kept and can be used.
best epoch  {metrics["best_epoch"]}
validation  {task.shown(metrics["validation"])}
kernel      {metrics["kernel"]}
run         {run}

Next:
  carousel evaluate {folder}
  carousel report {folder}
  carousel fit {as_argument(run / "config.yaml")}"""


def compared(tables: str, folder: str | None) -> str:
    return f"{tables}\npage: {Path(folder) / 'comparison.html'}" if folder else tables.rstrip("\n")


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
