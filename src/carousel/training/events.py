"""The history as event files of TensorBoard, to look on while a training goes on."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from carousel.errors import CarouselError
from carousel.training.config import Config


def require_tensorboard(config: Config) -> None:
    """Say beforehand that there is no TensorBoard, where a run asks for it.

    Raises:
        CarouselError: it is not installed.
    """
    if not config.training.tensorboard:
        return
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401
    except ImportError as error:
        raise CarouselError(
            "event files need the package tensorboard; run pip install 'carousel-lstm[tensorboard]', or set "
            "tensorboard to false"
        ) from error


class Events:
    """An event file with one scalar an epoch for each column of a history.

    A training that goes on begins another file. Its first epoch takes the place of all that the files before it tell
    from that epoch on, which TensorBoard knows from the start of a session.

    Args:
        folder: where the file is; both are made with the first epoch.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: Path | None = None

    def write(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add the values of an epoch, by column; they are on disk when this returns.

        TensorBoard's own writer is not used: its thread prints a traceback when the disk is full.

        Raises:
            OSError: the disk is full or read-only.
        """
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        now = time.time()
        events = []
        if self._file is None:
            self.folder.mkdir(exist_ok=True)
            self._file = self.folder / f"events.out.tfevents.{now:.6f}.{socket.gethostname()}.{os.getpid()}"
            start = SessionLog(status=SessionLog.START)
            events = [
                Event(wall_time=now, file_version="brain.Event:2"),
                Event(wall_time=now, step=epoch, session_log=start),
            ]
        scalars = [Summary.Value(tag=_tag(column), simple_value=value) for column, value in values.items()]
        events.append(Event(wall_time=now, step=epoch, summary=Summary(value=scalars)))
        with open(self._file, "ab") as file:
            for event in events:
                RecordWriter(file).write(event.SerializeToString())
            file.flush()
            os.fsync(file.fileno())


def _tag(column: str) -> str:
    """A column as TensorBoard groups them: `train_loss` and `validation_loss` are both of `loss`."""
    part, _, score = column.partition("_")
    return f"{score}/{part}" if part in ("train", "validation") else column
