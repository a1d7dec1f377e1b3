"""A process that trains one run after another, as the lines on its standard input tell it, and answers each with one.

It ends when its standard input does, in the middle of a training as after Ctrl-C: whoever started it is gone, or has
enough. `python -m carousel.experiments.comparison.worker` starts it.
"""

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue

Order = dict[str, str]


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    orders: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    while True:
        print(json.dumps(_train(orders.get())), file=answers, flush=True)


def _listen(orders: "SimpleQueue[Order]") -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os.kill(os.getpid(), signal.SIGTERM)


def _train(order: Order) -> dict[str, str | bool | None]:
    """Make a run, or go on with it, and say why it could not be made: the fields of `Event`."""
    # What is imported here takes seconds, in which an end of the input must be heard.
    from carousel.errors import CarouselError, DivergedError
    from carousel.training import fit, resume
    from carousel.training.config import parse_config
    from carousel.training.parts import CONFIG

    folder = Path(order["folder"])
    try:
        if (folder / CONFIG).exists():
            run = resume(folder, progress=False)
        else:
            run = fit(parse_config(order["config"], CONFIG), folder, progress=False)
    except CarouselError as error:
        diverged = isinstance(error, DivergedError)
        return {"error": str(error), "trace": traceback.format_exc(), "diverged": diverged}
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        return {"error": f"{type(error).__name__}: {first_line}", "trace": traceback.format_exc()}
    if run.metrics()["status"] == "interrupted":
        sys.exit(130)
    return {"error": None, "trace": None}


if __name__ == "__main__":
    main()
