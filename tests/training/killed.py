"""A training that is killed at random moments until it ends: python killed.py FOLDER DATA SEED KILLS.

One process imports everything and lets its children train, so that most of the time is training and not importing.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from carousel.training import configure, fit, override, resume

SETTINGS = ("layer=lstm", "hidden_size=4", "num_layers=2", "batch_size=16", "epochs=60", "patience=60")
SETTINGS += ("dropout=0.3", "input_offset=0.3", "learning_rate=0.01", "seed=4")


def train(folder: Path, data: str) -> None:
    if (folder / "config.yaml").exists():
        resume(folder, progress=False)
    else:
        fit(override(configure(data)[0], SETTINGS), folder, progress=False)


def main(folder: Path, data: str, seed: int, kills: int) -> None:
    """Kill `kills` times at least.

    A life ends at a random moment, and soon after an epoch has: however fast the machine, many lives are needed. Where one
    was too short for an epoch, the next may be longer.
    """
    moments, killed, longest = random.Random(seed), 0, 0.1
    while True:
        child = os.fork()
        if child == 0:
            try:
                train(folder, data)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        before = epochs(folder)
        if killed < kills:
            end = time.monotonic() + moments.uniform(0.0, longest)
            while time.monotonic() < end and epochs(folder) == before:
                time.sleep(0.002)
            time.sleep(moments.uniform(0.0, 0.02))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(killed)
            sys.exit(os.WEXITSTATUS(status))
        killed += 1
        if epochs(folder) == before:
            longest *= 1.2


def epochs(folder: Path) -> int:
    history = folder / "history.csv"
    return history.read_text().count("\n") if history.exists() else 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
