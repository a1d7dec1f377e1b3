"""Runs made on a Ray cluster: the folders come back to the machine that asked, whatever disks the others have."""

import logging
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from carousel.errors import CarouselError, DivergedError
from carousel.experiments.comparison.plan import Job
from carousel.experiments.comparison.processes import TICK, Event, Hands
from carousel.files import cannot_write
from carousel.training import fit
from carousel.training.config import parse_config, to_yaml
from carousel.training.parts import CHECKPOINT, CONFIG
from carousel.training.sections import TrainingConfig

ANSWERS_WITHIN = 5  # seconds


@contextmanager
def on_ray(address: str, training: TrainingConfig) -> Iterator[Hands]:
    """The hands of a cluster, until the end of the context.

    A run whose worker dies is tried once more, from its beginning, and only a whole run is kept: nothing is counted
    twice. What is left when the iterator of `train` is closed is cancelled.

    Args:
        address: `host:port` or `ray://host:port` of the cluster; "auto" for the one that this machine is part of,
            "local" for one that is started here for the purpose.
        training: of the runs: their threads and device.

    Raises:
        CarouselError: Ray is not installed, the address is none, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise CarouselError(
            "a comparison on a cluster needs the package ray; run pip install 'carousel-lstm[ray]'"
        ) from error
    was_there = ray.is_initialized()
    if not was_there:
        _join(ray, address)
    try:
        room = int(ray.cluster_resources().get("CPU", 0)) // (training.threads * training.devices)
        with redirect_stdout(sys.stderr):  # Ray tells of workers that die on standard output
            yield Hands(max(room, 1), lambda jobs: _train(ray, jobs, training))
    finally:
        if not was_there:
            ray.shutdown()


def _join(ray: Any, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        quiet["include_dashboard"] = False
    host, _, port = address.removeprefix("ray://").rpartition(":")
    has_port = address not in ("auto", "local")
    if has_port and not (host and port.isdecimal()):
        raise CarouselError(f"the address of a Ray cluster is host:port, auto or local, got '{address}'")
    try:
        if has_port:
            socket.create_connection((host, int(port)), ANSWERS_WITHIN).close()
        ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise CarouselError(
            f"the Ray cluster '{address}' cannot be reached: {_first_line(error)}; "
            "check that it runs, and its address: host:port, auto, or local"
        ) from error


def _train(ray: Any, jobs: Sequence[Job], training: TrainingConfig) -> Iterator[Event | None]:
    make = ray.remote(
        num_cpus=training.threads * training.devices,
        num_gpus=training.devices if training.device == "cuda" else 0,
        max_retries=0,  # it is told before it is tried once more
    )(_make)
    pending = {make.remote(to_yaml(job.config)): job for job in jobs}
    retried: set[Path] = set()
    try:
        while pending:
            done, _ = ray.wait(list(pending), timeout=TICK)
            yield None
            for task in done:
                event = _event(ray, task, pending.pop(task), retried)
                if event.retried:
                    retried.add(event.job.folder)
                    pending[make.remote(to_yaml(event.job.config))] = event.job
                yield event
    finally:
        for task in pending:
            ray.cancel(task, force=True)


def _make(text: str) -> dict[str, bytes]:
    """A run from its configuration, as the files of its folder."""
    with TemporaryDirectory() as place:
        folder = fit(parse_config(text, CONFIG), Path(place) / "run", progress=False).folder
        files = [path for path in folder.rglob("*") if path.is_file() and path != folder / CHECKPOINT]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _event(ray: Any, task: Any, job: Job, retried: set[Path]) -> Event:
    try:
        _keep(job.folder, ray.get(task))
    except ray.exceptions.RayTaskError as error:  # before others: it is also of the kind that it wraps
        known = isinstance(error.cause, CarouselError)
        told = str(error.cause) if known else repr(error.cause)
        return Event(job, told, str(error), diverged=isinstance(error.cause, DivergedError))
    except CarouselError as error:
        return Event(job, str(error))
    except ray.exceptions.RayError as error:
        return Event(job, _first_line(error), retried=job.folder not in retried)
    return Event(job)


def _keep(folder: Path, files: dict[str, bytes]) -> None:
    """Write a run that was made elsewhere, whole or not at all, in the place of what was begun here.

    Raises:
        CarouselError: the disk is full or read-only.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".") as place:
            for name, content in files.items():
                path = Path(place, "run", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(Path(place, "run"), folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
