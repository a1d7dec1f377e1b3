"""Trainings by the processes of a group: torchrun --nproc-per-node 2 together.py FOLDER.

Every `NAME.yaml` in the folder becomes the run NAME, one after the other. Then a training in which the second process
fails, and each process says in `ended-RANK` how it ended.
"""

import sys
from pathlib import Path

from carousel.errors import CarouselError
from carousel.training import fit, load_config
from carousel.training.processes import processes
from carousel.training.recorder import Recorder


def fail(*start):
    raise CarouselError("the second process has failed")


def main(folder: Path) -> None:
    configs = sorted(folder.glob("*.yaml"))
    for path in configs:
        fit(load_config(path), path.with_suffix(""), progress=False)
    rank = processes().rank
    if rank == 1:
        Recorder.on_train_start = fail
    try:
        fit(load_config(configs[0]), folder / "failed", progress=False)
    except (CarouselError, SystemExit) as error:
        (folder / f"ended-{rank}").write_text(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
