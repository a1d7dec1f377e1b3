"""Two processes find what one does, end together, and go on to the same bits, however they are started."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pydoc_data.topics import topics

import pandas as pd
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from carousel.errors import CarouselError, DivergedError
from carousel.training import Config, configure, fit, load_config, override, resume, worker
from carousel.training import launch as launching
from carousel.training.config import to_yaml
from carousel.training.processes import Alone
from carousel.training.run import create_folder
from carousel.training.sections import TrainingConfig
from helpers import assert_same

SCRIPT = Path(__file__).with_name("together.py")
SMALL = ["hidden_size=4", "epochs=2", "learning_rate=0.02", "dropout=0"]


def classify(**settings) -> Config:
    """The last batch of 216 sequences has one of them, and leaves nothing to the second process."""
    return override(
        Config(recipe="tiny"), [*SMALL, "batch_size=43", *(f"{k}={v}" for k, v in settings.items())]
    )


def random_draws(**settings) -> Config:
    """Every process draws for itself what it drops and adds."""
    return classify(dropout=0.3, input_offset=0.3, epochs=12, patience=12, **settings)


def forecast(folder: Path, unroll: int) -> Config:
    days = pd.date_range("2024-01-01", periods=150)
    file = folder / "visits.csv"
    pd.DataFrame({"day": days, "visits": [(17 * i) % 23 + i for i in range(150)]}).to_csv(file)
    settings = [*SMALL, "batch_size=3", "history=8", "horizon=4", f"unroll={unroll}", "output=gaussian"]
    return configure(file, None, settings, target=["visits"])[0]


def symbols(folder: Path) -> Config:
    file = folder / "help.txt"
    file.write_bytes("\n".join(topics[name] for name in ("for", "if")).encode("ascii", "ignore")[:6000])
    return configure(file, None, [*SMALL, "batch_size=3", "unroll=50"])[0]


@pytest.fixture(scope="module")
def configs(tmp_path_factory) -> dict[str, Config]:
    folder = tmp_path_factory.mktemp("data")
    return {
        "classify": classify(),
        "forecast": forecast(folder, unroll=0),
        "unrolled": forecast(folder, unroll=7),
        "symbols": symbols(folder),
    }


@pytest.fixture(scope="module")
def together(configs, tmp_path_factory) -> Path:
    """What `together.py` leaves behind."""
    folder = tmp_path_factory.mktemp("together")
    for name, config in {**configs, "random": random_draws()}.items():
        (folder / f"{name}.yaml").write_text(to_yaml(config))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(SCRIPT), str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["classify", "forecast", "unrolled", "symbols"])
def test_two_processes_find_what_one_does(name, configs, together, tmp_path):
    one = fit(configs[name], tmp_path / "one", progress=False)
    found = load_file(together / name / "model.safetensors")
    wanted = load_file(one.folder / "model.safetensors")
    assert found.keys() == wanted.keys()
    for weight, value in wanted.items():
        assert_same(found[weight], value, tolerance=1e-5)
    two = type(one)(together / name, load_config(together / name / "config.yaml"))
    assert two.config == override(one.config, ["devices=2"])
    assert two.metrics()["best_epoch"] == one.metrics()["best_epoch"]
    for mine, theirs in zip(two.history(), one.history(), strict=True):
        assert mine | {"seconds": 0} == pytest.approx(theirs | {"seconds": 0}, rel=1e-4)
    assert two.metrics()["test"]["loss"] == pytest.approx(one.metrics()["test"]["loss"], rel=1e-4)


def test_only_the_process_that_fails_first_says_why(together):
    assert (together / "ended-0").read_text() == "SystemExit: 2"
    assert (together / "ended-1").read_text() == ("CarouselError: the second process has failed")
    assert not (together / "failed").exists()


def epochs(folder: Path) -> int:
    history = folder / "history.csv"
    return max(0, history.read_text().count("\n") - 1) if history.exists() else 0


def wait_for(count: int, folder: Path) -> None:
    """Wait until so many epochs are over."""
    deadline = time.monotonic() + 120
    while epochs(folder) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_ctrl_c_and_a_killed_process_end_all_and_the_run_goes_on_to_the_same_bits(together, tmp_path):
    (tmp_path / "random.yaml").write_text(to_yaml(random_draws()))
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "carousel", "fit", str(tmp_path / "random.yaml"), "--devices", "2"]
    process = subprocess.Popen(
        [*command, "--out", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(2, folder)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out.startswith("Interrupted after epoch ")
    headline, *lines = err.splitlines()
    assert headline.startswith("tiny: 9 classes")
    assert all(re.match(r"epoch \d+/12: ", line) for line in lines), err

    def kill_the_second_process():
        wait_for(epochs(folder) + 2, folder)
        os.kill(children_of(os.getpid())[-1], signal.SIGKILL)

    with ThreadPoolExecutor() as pool, pytest.raises(CarouselError) as error:
        killer = pool.submit(kill_the_second_process)
        resume(folder, progress=False)
    killer.result()
    assert str(error.value) == (
        "process 2 of 2 was ended by SIGKILL, and the training with it; "
        f"go on by `carousel fit --resume {folder}`"
    )
    assert epochs(folder) < 12

    resume(folder, progress=False)
    for name in ("model.safetensors", "config.yaml"):
        assert (folder / name).read_bytes() == (together / "random" / name).read_bytes()
    assert not (folder / ".lock").exists()


def launched(worker: str, monkeypatch, folder: Path) -> None:
    """Launch two processes that run this instead of a training."""
    monkeypatch.setattr(launching, "WORKER", f"import os, sys, time; rank = os.environ['RANK']; {worker}")
    launching.launch(TrainingConfig(devices=2), folder, "fit", progress=False)


def test_the_launcher_tells_what_a_process_says(monkeypatch, tmp_path):
    with pytest.raises(CarouselError, match="^wanted more$"):
        launched("rank == '1' and print('wanted more'); sys.exit(2)", monkeypatch, tmp_path)


def test_the_launcher_tells_what_learnt_nothing_from_what_failed(monkeypatch, tmp_path):
    with pytest.raises(DivergedError, match="^never finite$"):
        launched("rank == '1' and print('never finite'); sys.exit(2 + int(rank))", monkeypatch, tmp_path)
    folder = create_folder(classify(), tmp_path / "run")

    def learn_nothing(*given):
        raise DivergedError("never finite")

    monkeypatch.setattr(worker, "fit", learn_nothing)
    monkeypatch.setattr(worker, "_end_with_launcher", lambda: None)
    monkeypatch.setattr("sys.argv", ["worker", str(folder), "fit", ""])
    with pytest.raises(SystemExit, match=f"^{launching.DIVERGED}$"):
        worker.work()


def test_the_launcher_knows_where_to_look_if_none_says_anything(monkeypatch, tmp_path):
    with pytest.raises(CarouselError, match="^the training failed, and standard error tells why$"):
        launched("sys.exit(1)", monkeypatch, tmp_path)


def test_a_process_that_does_not_end_with_the_others_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "GRACE", 0.1)
    with pytest.raises(CarouselError, match="^wanted more$"):
        launched("rank == '0' and time.sleep(600); print('wanted more'); sys.exit(2)", monkeypatch, tmp_path)


def test_a_process_that_does_not_end_with_the_first_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "GRACE", 0.1)
    launched("rank == '1' and (open(sys.argv[1] + '/1', 'w'), time.sleep(600))", monkeypatch, tmp_path)


def test_the_processes_get_the_arguments_and_the_names_that_torchrun_gives(monkeypatch, tmp_path):
    names = "RANK LOCAL_RANK WORLD_SIZE LOCAL_WORLD_SIZE GROUP_RANK OMP_NUM_THREADS"
    launched(
        f"open(sys.argv[1] + '/' + rank, 'w').write(' '.join([*map(os.environ.get, '{names}'.split()), *sys.argv[2:]]))",
        monkeypatch,
        tmp_path,
    )
    assert (tmp_path / "0").read_text() == "0 0 2 2 0 1 fit "
    assert (tmp_path / "1").read_text() == "1 1 2 2 0 1 fit "


def test_processes_that_fail_before_an_epoch_leave_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "WORKER", "print('wanted more'); raise SystemExit(2)")
    with pytest.raises(CarouselError, match="^wanted more$"):
        fit(classify(devices=2), tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_processes_leave_the_folder_that_another_trains_in(monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "WORKER", "print('another trains here'); raise SystemExit(2)")
    folder = create_folder(classify(devices=2), tmp_path / "run")
    other = FileLock(folder / ".lock")
    with other, pytest.raises(CarouselError, match="^another trains here$"):
        fit(classify(devices=2), folder, progress=False)
    assert (folder / "config.yaml").exists()


@pytest.mark.parametrize("task", [["kind=online", "alphabet=bytes"], ["kind=memory", "problem=adding"]])
def test_a_task_that_learns_in_one_process(task):
    name = task[0].removeprefix("kind=")
    with pytest.raises(CarouselError) as error:
        override(Config(), [*task, "devices=2"])
    assert (
        str(error.value) == f"settings: task '{name}' learns in one process, got devices 2; set devices to 1"
    )


def test_more_processes_than_gpus(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(Alone, "count_here", 2)
    with pytest.raises(CarouselError) as error:
        fit(classify(device="cuda"), tmp_path / "run", progress=False)
    assert str(error.value) == (
        "2 processes want a device 'cuda' each, this machine has 1; set devices to 1, or start them on several "
        "machines by torchrun"
    )
