"""`checkpoints/last.ckpt`: all that a training needs to go on after an epoch as if it had never stopped."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO

from carousel.errors import CarouselError
from carousel.files import write_atomically
from carousel.training.parts import CHECKPOINT, cannot_read, train_again
from carousel.training.processes import Alone


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint; nothing in it is run.

    Raises:
        CarouselError: it cannot be read or is damaged.
    """
    try:
        packed = io.BytesIO(path.read_bytes())
        if zipfile.ZipFile(packed).testzip():  # PyTorch does not look at the checksums
            raise ValueError("a checksum is wrong")
        packed.seek(0)
        content: dict[str, Any] = torch.load(packed, map_location="cpu", weights_only=True)
        if not {"state_dict", "callbacks", "loops"} <= content.keys():
            raise ValueError("it is something else")
    except OSError as error:
        raise cannot_read(path, error) from error
    except (
        zipfile.BadZipFile,
        RuntimeError,
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        AttributeError,
        TypeError,
        LookupError,
    ) as error:
        folder = path.parents[len(Path(CHECKPOINT).parts) - 1]
        raise CarouselError(
            f"'{path}' is damaged or not what its name says, so the training cannot go on from it; "
            f"bring it back, or {train_again(folder)}"
        ) from error
    return content


class WholeFiles(TorchCheckpointIO):
    """Checkpoints that are written whole or not at all, and read as plain data."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Path(path), content.getvalue())

    def load_checkpoint(self, path: Any, *options: Any, **named: Any) -> dict[str, Any]:
        return read_checkpoint(Path(path))


class RandomNumbers:
    """Where the random numbers are: PyTorch's own, and those of the order of the data.

    Args:
        order: where the order of the data comes from.
        group: the processes, each of which draws its own; only the order is the same for all.
    """

    def __init__(self, order: torch.Generator, group: Alone) -> None:
        self._order = order
        self._group = group
        self._restored: dict[str, Any] = {}

    def state(self) -> Any:
        state: dict[str, Any] = {"cpu": torch.get_rng_state(), "order": self._order.get_state()}
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            state["cuda"] = torch.cuda.get_rng_state_all()
        return self._group.each(state)

    def restore_order(self, state: Any) -> None:
        """Set the order of the data back, before it is read."""
        self._restored = self._group.own(state)
        self._order.set_state(self._restored["order"])

    def restore(self) -> None:
        """Set PyTorch's own numbers back, if there are any to set back to."""
        if self._restored:
            torch.set_rng_state(self._restored["cpu"])
        if "cuda" in self._restored:
            torch.cuda.set_rng_state_all(self._restored["cuda"])
