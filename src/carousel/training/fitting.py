"""From a configuration to a run folder with a trained model and its test score."""

import signal
import threading
from pathlib import Path
from typing import Any

import torch

from carousel.errors import CarouselError
from carousel.files import as_argument, cannot_write, remove_unfinished, write_atomically
from carousel.screen import waiting
from carousel.training.checkpoint import RandomNumbers
from carousel.training.config import Config
from carousel.training.environment import cpu_threads, memory, seeded
from carousel.training.from_nothing import from_nothing, is_to_be_compared
from carousel.training.lock import locked
from carousel.training.model import SequenceModel
from carousel.training.parameters import parameter_count
from carousel.training.parts import CONFIG, FROM_NOTHING, METRICS, MODEL
from carousel.training.progress import ProgressBar
from carousel.training.recorder import Recorder
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
    _require(config.training.device)
    with waiting(f"reading {config.about}", progress):
        material = task_of(config).prepare(config)
    _require_memory(config, material)
    folder = create_folder(config, out)
    with locked(folder):
        try:
            run = _run(config, material, folder, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("before the first epoch ended; nothing is left behind") from None
        finally:
            if not (folder / MODEL).exists():
                discard_folder(folder, config)
        return _compared(run, progress)


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
    folder = Path(run)
    if is_to_be_compared(folder):
        with locked(folder):
            return _compared(open_run(folder), progress)
    config = unfinished(folder).config
    _require(config.training.device)
    with locked(folder):
        checkpoint = checkpoint_of(unfinished(folder))
        with waiting(f"reading {config.about}", progress):
            material = task_of(config).prepare(config)
        remove_unfinished(folder)
        try:
            resumed = _run(config, material, folder, progress, checkpoint)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"before an epoch ended; '{folder}' is left as it was") from None
        return _compared(resumed, progress)


def _compared(run: Run, progress: bool) -> Run:
    """The run; where it is complete and asks for it, the same was then trained from nothing, too."""
    if not is_to_be_compared(run.folder):
        return run
    folder = run.folder / FROM_NOTHING
    remedy = f"the run '{run.folder}' is complete, `carousel fit --resume {as_argument(run.folder)}` goes on"
    stopped = f"while the same was trained from nothing; {remedy}"
    try:
        if (folder / CONFIG).is_file():
            other = resume(folder, progress)
        else:
            other = fit(from_nothing(run.config), folder, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(stopped) from None
    except CarouselError as error:
        raise CarouselError(f"training the same from nothing: {error}; {remedy}") from error
    if other.metrics()["status"] == "interrupted":
        raise KeyboardInterrupt(stopped)
    return run


def _run(
    config: Config, material: Material[Any], folder: Path, progress: bool, checkpoint: Path | None = None
) -> Run:
    """Train in a folder, from the beginning or a checkpoint, and score the best epoch."""
    task = task_of(config)
    with seeded(config.training.seed, config.training.device), cpu_threads(config.training.threads):
        model = _new_model(config, material)
        if checkpoint is None:
            take_over(model, config)
        recorder = Recorder(folder, model, RandomNumbers(material.train.generator))
        try:
            _train(model, material, recorder, progress, checkpoint)
            with waiting("scoring the test part", progress):
                recorder.complete(task.score(open_run(folder).load_model(), material.test))
        except KeyboardInterrupt:
            if recorder.best is None:
                raise
            write_atomically(folder / METRICS, task.metrics(**open_run(folder).metrics()).text())
        except (CarouselError, OSError, torch.OutOfMemoryError) as error:
            kept_epoch = f"; the best epoch so far is kept in '{folder}'" if recorder.best else ""
            raise CarouselError(f"{_sentence(folder, error)}{kept_epoch}") from error
    return open_run(folder)


def _sentence(folder: Path, error: Exception) -> object:
    if isinstance(error, OSError):
        return cannot_write(folder, error)
    if isinstance(error, torch.OutOfMemoryError):
        return "the training does not fit into the memory of the device; lower batch_size or hidden_size"
    return error


def _require(device: str) -> None:
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[device]:
        found = " or ".join(name for name, is_there in available.items() if is_there)
        raise CarouselError(
            f"this machine has no device '{device}' that PyTorch can use; set device to {found}"
        )


def _new_model(config: Config, material: Material[Any]) -> SequenceModel:
    model: SequenceModel = task_of(config).model(config, **material.names)
    for name, value in material.buffers.items():
        model.get_buffer(name).copy_(torch.from_numpy(value))
    freeze(model, config.training.freeze)
    return model


def _require_memory(config: Config, material: Material[Any]) -> None:
    parameters = parameter_count(config, material.names)
    needed = 4 * 4 * parameters  # bytes of float32 for weights, gradients and the two moments of AdamW
    if needed > memory():
        raise CarouselError(
            f"{parameters:,} parameters need {needed / 1e9:,.1f} GB of memory to train, this machine has "
            f"{memory() / 1e9:,.1f} GB; lower hidden_size or num_layers"
        )


def _train(
    model: SequenceModel, material: Material[Any], recorder: Recorder, progress: bool, checkpoint: Path | None
) -> None:
    training = model.config.training
    with quiet_lightning():
        bar = [ProgressBar(training.epochs, _headline(model, material), recorder.task)] if progress else []
        trainer = trainer_of(training, recorder, *bar)
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(model, material.train, material.validation, ckpt_path=checkpoint, weights_only=True)
        except SystemExit as stop:
            # So Lightning leaves after Ctrl-C, with further ones ignored from then on, and after SIGTERM.
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from stop
    if recorder.best is None:
        raise CarouselError(
            f"the loss was never a finite number; lower learning_rate, it is {training.learning_rate}"
        )


def _headline(model: SequenceModel, material: Material[Any]) -> str:
    config = model.config
    return (
        f"{config.recipe}: {material.headline}; {config.model.layer} layer, "
        f"{parameter_count(config, material.names):,} parameters"
    )
