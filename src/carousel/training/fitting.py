"""From a configuration to a run folder with a trained model and its test score."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import torch

from carousel.errors import CarouselError, DivergedError
from carousel.files import as_argument, cannot_write, remove_unfinished, write_atomically
from carousel.screen import waiting
from carousel.training.checkpoint import RandomNumbers
from carousel.training.config import Config, override
from carousel.training.environment import cpu_threads, seeded
from carousel.training.events import require_tensorboard
from carousel.training.from_nothing import from_nothing, is_to_be_compared
from carousel.training.launch import launch
from carousel.training.lock import locked
from carousel.training.model import SequenceModel
from carousel.training.parameters import parameter_count
from carousel.training.parts import CONFIG, FROM_NOTHING, METRICS, MODEL
from carousel.training.processes import Alone, processes
from carousel.training.progress import ProgressBar
from carousel.training.recorder import Recorder
from carousel.training.requirements import require_device, require_memory, require_size
from carousel.training.resumption import checkpoint_of, unfinished
from carousel.training.run import Run, create_folder, discard_folder, open_run
from carousel.training.tasks import Material, task_of
from carousel.training.trainer import quiet_lightning, trainer_of
from carousel.training.transfer import freeze, take_over


def fit(config: Config, out: str | Path | None = None, progress: bool = True) -> Run:
    """Train, keep the best epoch (see `Recorder`: not always the lowest loss), and score it once on the test part.

    The validation part is split off the training part; the scaling is learnt from what is left. Random numbers are
    drawn from the seed and the threads counted, so that the same configuration gives the same numbers on the same
    machine; the caller's random numbers go on afterwards as if nothing had happened. Where `also_from_nothing` asks for
    it, the same is then trained without a run to start from, in the folder `from_nothing` of the run.

    Where `training.devices` is more than one, so many processes are started and waited for. Under `torchrun` this one
    belongs to a group already, whose size is then the number of devices; the first of them writes the files.

    Args:
        config: the complete run.
        out: the run folder; by default the first free `runs/<recipe>-<layer>-<n>` under the current one.
        progress: show the progress on standard error.

    Returns:
        The run. After Ctrl-C its metrics have the status "interrupted" and no test score; its model is the best so far.

    Raises:
        CarouselError: unknown data set, missing device, too little memory, unusable `out`, full or read-only disk,
            or a loss that is never finite.
        KeyboardInterrupt: Ctrl-C before the first epoch has ended; nothing is left behind. Or Ctrl-C while the same was
            trained from nothing; the run itself is complete.
    """
    group = processes()
    if _must_launch(config, group):
        folder = create_folder(config, out)
        with _nothing_left_behind(folder, config, locked(folder)):
            launch(config.training, folder, "fit", progress)
        return Run(folder, config)
    with group.ending():
        if group.count > 1:
            config = override(config, {"devices": group.count})
        material = _material(config, group, progress)
        require_memory(config, material)
        folder = Path(group.from_first(lambda: str(create_folder(config, out))))
        with group.first(locked(folder)):
            if group.is_first:
                remove_unfinished(folder)
            with group.first(_nothing_left_behind(folder, config)):
                _run(config, material, folder, group, progress)
            _compare(Run(folder, config), group, progress)
        group.leave()
    return Run(folder, config)


def resume(run: str | Path, progress: bool = True) -> Run:
    """Go on with a training that was interrupted or killed, from the end of its last whole epoch.

    It ends with the same bits as if it had never stopped, on the same machine with the same versions. So does the same
    training from nothing, where the run asks for it and is complete itself.

    Args:
        run: the run folder.
        progress: show the progress on standard error.

    Returns:
        The run, as `fit` does.

    Raises:
        CarouselError: the run is complete, another process is training in it, its checkpoint is missing, damaged or of
            another run, its data has changed, or what `fit` raises. The run is left as it was.
        KeyboardInterrupt: Ctrl-C before anything was added.
    """
    folder, group = Path(run), processes()
    with group.ending():
        is_complete = is_to_be_compared(folder)
        begun = open_run(folder) if is_complete else unfinished(folder)
        if _must_launch(begun.config, group):
            with _left_as_it_was(folder):
                launch(begun.config.training, folder, "resume", progress)
            return begun
        require_size(begun.config, group)
        with group.first(locked(folder)):
            if not is_complete:
                checkpoint = checkpoint_of(unfinished(folder))
                material = _material(begun.config, group, progress)
                if group.is_first:
                    remove_unfinished(folder)
                with _left_as_it_was(folder):
                    _run(begun.config, material, folder, group, progress, checkpoint)
            _compare(begun, group, progress)
        group.leave()
    return begun


def _must_launch(config: Config, group: Alone) -> bool:
    return group.count == 1 and config.training.devices > 1


@contextmanager
def _nothing_left_behind(
    folder: Path, config: Config, alone: AbstractContextManager[None] | None = None
) -> Iterator[None]:
    """Remove the folder of a new run that ends before its first epoch does.

    Args:
        folder: of the run.
        config: of the run.
        alone: the lock to hold for that, if this process does not; where another holds it, the folder is that one's.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        kept = _kept(config, folder)
        nothing = "before the first epoch ended; nothing is left behind"
        raise KeyboardInterrupt(str(interrupt) or (kept if (folder / MODEL).exists() else nothing)) from None
    finally:
        with suppress(CarouselError), alone or nullcontext():
            if not (folder / MODEL).exists():
                discard_folder(folder, config)


@contextmanager
def _left_as_it_was(folder: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        nothing = f"before an epoch ended; '{folder}' is left as it was"
        raise KeyboardInterrupt(str(interrupt) or nothing) from None


def _material(config: Config, group: Alone, progress: bool) -> Material[Any]:
    require_device(config.training.device, group)
    require_tensorboard(config)
    with waiting(f"reading {config.about}", progress):
        return task_of(config).prepare(config)


def _compare(run: Run, group: Alone, progress: bool) -> None:
    """Where a run is complete and asks for it, train the same from nothing, too."""
    folder = run.folder / FROM_NOTHING
    how = group.from_first(
        lambda: (
            "" if not is_to_be_compared(run.folder) else "resume" if (folder / CONFIG).is_file() else "fit"
        )
    )
    if not how:
        return
    remedy = f"the run '{run.folder}' is complete, `carousel fit --resume {as_argument(run.folder)}` goes on"
    stopped = f"while the same was trained from nothing; {remedy}"
    try:
        other = (
            resume(folder, progress) if how == "resume" else fit(from_nothing(run.config), folder, progress)
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(stopped) from None
    except CarouselError as error:
        raise CarouselError(f"training the same from nothing: {error}; {remedy}") from error
    if group.is_first and other.metrics()["status"] == "interrupted":
        raise KeyboardInterrupt(stopped)


def _run(
    config: Config,
    material: Material[Any],
    folder: Path,
    group: Alone,
    progress: bool,
    checkpoint: Path | None = None,
) -> None:
    """Train in a folder, from the beginning or a checkpoint, and score the best epoch."""
    task = task_of(config)
    with seeded(config.training.seed, config.training.device), cpu_threads(config.training.threads):
        model = _new_model(config, material)
        if checkpoint is None:
            take_over(model, config)
        model.processes = group
        group.draw_apart(config.training.seed)
        recorder = Recorder(folder, model, RandomNumbers(material.train.generator, group))
        try:
            with group.ending():
                group.meet()
                _train(model, material, recorder, progress and group.is_first, checkpoint)
            if group.is_first:
                with waiting("scoring", progress):
                    recorder.complete(task.score(open_run(folder).load_model(), material.test))
        except KeyboardInterrupt:
            if recorder.best is None:
                raise
            write_atomically(folder / METRICS, task.metrics(**open_run(folder).metrics()).text())
        except DivergedError:
            raise
        except (CarouselError, OSError, torch.OutOfMemoryError) as error:
            kept = f"; {_kept(config, folder)}" if recorder.best else ""
            raise CarouselError(f"{_sentence(folder, error)}{kept}") from error


def _kept(config: Config, folder: Path) -> str:
    return f"the {'best' if task_of(config).chooses else 'last'} epoch so far is kept in '{folder}'"


def _sentence(folder: Path, error: Exception) -> object:
    if isinstance(error, OSError):
        return cannot_write(folder, error)
    if isinstance(error, torch.OutOfMemoryError):
        return "the training does not fit into the memory of the device; lower batch_size or hidden_size"
    return error


def _new_model(config: Config, material: Material[Any]) -> SequenceModel:
    model: SequenceModel = task_of(config).model(config, **material.names)
    for name, value in material.buffers.items():
        model.get_buffer(name).copy_(torch.from_numpy(value))
    freeze(model, config.training.freeze)
    return model


def _train(
    model: SequenceModel, material: Material[Any], recorder: Recorder, progress: bool, checkpoint: Path | None
) -> None:
    training = model.config.training
    with quiet_lightning():
        bar = [ProgressBar(training.epochs, _headline(model, material), recorder.task)] if progress else []
        trainer = trainer_of(training, recorder, *bar, **model.processes.trainer_options)
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(model, material.train, material.validation, ckpt_path=checkpoint, weights_only=True)
        except SystemExit as stop:
            # So Lightning leaves after Ctrl-C, with further ones ignored from then on, and after SIGTERM.
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from stop
    if recorder.best is None:
        raise DivergedError(
            f"the loss was never a finite number; lower learning_rate, it is {training.learning_rate}"
        )


def _headline(model: SequenceModel, material: Material[Any]) -> str:
    config = model.config
    return (
        f"{config.recipe}: {material.headline}; {config.model.layer} layer, "
        f"{parameter_count(config, material.names):,} parameters"
    )
