"""The life of a process that `launch` starts."""

import os
import sys
import threading
from pathlib import Path

from carousel.errors import CarouselError, DivergedError
from carousel.training.config import load_config
from carousel.training.fitting import fit, resume
from carousel.training.launch import DIVERGED
from carousel.training.parts import CONFIG


def work() -> None:
    """Train as the arguments say: a run folder, "fit" or "resume", and something if the progress is to be shown.

    Ends with the codes of the command, or with `DIVERGED`, its last words on standard output.
    """
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    folder, what, progress = Path(sys.argv[1]), sys.argv[2], bool(sys.argv[3])
    try:
        if what == "resume":
            resume(folder, progress)
        else:
            fit(load_config(folder / CONFIG), folder, progress)
    except CarouselError as error:
        print(error)
        sys.exit(DIVERGED if isinstance(error, DivergedError) else 2)
    except KeyboardInterrupt as interrupt:
        print(interrupt)
        sys.exit(130)


def _end_with_launcher() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)
