"""A Ray cluster, of this machine alone: runs come back whole and once, whatever happens to a worker."""

import socket
import sys

import pytest

from carousel.errors import CarouselError
from carousel.experiments import compare
from carousel.experiments.comparison import on_ray
from carousel.experiments.comparison.plan import Plan
from carousel.experiments.comparison.variants import of_layers
from carousel.training import open_run, override


def test_runs_come_back_and_a_worker_that_dies_is_said_and_its_run_counted_once(
    base, tmp_path, monkeypatch, capsys
):
    dead = tmp_path / "dead"

    def dying_once(text):
        import os

        if "layer: torch" in text and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), 9)
        if "layer: gru" in text:
            from carousel.errors import DivergedError

            raise DivergedError("the loss was never a finite number")
        from carousel.experiments.comparison.on_ray import _make  # as it is in the other process

        return _make(text)

    monkeypatch.setattr(on_ray, "_make", dying_once)
    torch, lstm, diverging = Plan(base, of_layers(base, ["torch", "lstm", "gru"]), [0]).jobs(tmp_path)
    (failing,) = Plan(base, of_layers(override(base, {"start": "nowhere"}), ["vanilla"]), [0]).jobs(tmp_path)
    begun = torch.folder / "begun"
    begun.parent.mkdir(parents=True)
    begun.touch()
    with on_ray.on_ray("local", base.training) as hands:
        told = [event for event in hands.train([torch, lstm, failing, diverging]) if event is not None]
    assert hands.number >= 1
    assert [event.job for event in told if event.retried] == [torch]
    assert next(event.error for event in told if event.retried).startswith("The worker died unexpectedly")
    ended = {event.job.variant.name: event.error for event in told if not event.retried}
    assert [event.job for event in told if event.diverged] == [diverging]
    assert ended["gru"] == "the loss was never a finite number"
    assert len(told) == 5 and ended["torch"] is None and ended["lstm"] is None
    assert ended["vanilla"].startswith("there is no run folder 'nowhere'")
    for job in (torch, lstm):
        assert open_run(job.folder).metrics()["status"] == "complete"
        assert open_run(job.folder).config == job.config
    assert not begun.exists()
    assert capsys.readouterr().out == ""
    assert {path.name for path in torch.folder.parent.iterdir()} == {"torch-seed0", "lstm-seed0"}


def test_a_cluster_that_cannot_be_reached(base, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(CarouselError) as raised:
            compare(base, ["torch"], 1, ray=address, out=tmp_path / "new", progress=False)
    assert str(raised.value) == (
        f"the Ray cluster '{address}' cannot be reached: [Errno 111] Connection refused; check that it runs, and its "
        "address: host:port, auto, or local"
    )
    assert not (tmp_path / "new").exists()
    with pytest.raises(CarouselError, match="^the Ray cluster 'auto' cannot be reached: [^\n]+; check that"):
        compare(base, ["torch"], 1, ray="auto", out=tmp_path / "new", progress=False)
    for address in ("nowhere", "nowhere:port", ":6379"):
        with pytest.raises(CarouselError) as raised:
            compare(base, ["torch"], 1, ray=address, out=tmp_path / "new", progress=False)
        assert str(raised.value) == (
            f"the address of a Ray cluster is host:port, auto or local, got '{address}'"
        )


def test_without_ray_the_command_that_installs_it_is_named(base, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CarouselError) as raised:
        compare(base, ["torch"], 1, ray="auto", out=tmp_path / "new", progress=False)
    assert str(raised.value) == (
        "a comparison on a cluster needs the package ray; run pip install 'carousel-lstm[ray]'"
    )


def test_ray_decides_how_many_run_at_a_time(base, tmp_path):
    with pytest.raises(
        CarouselError, match="^on a Ray cluster Ray decides how many runs are made at a time; leave"
    ):
        compare(base, ["torch"], 1, ray="auto", workers=2, out=tmp_path / "new", progress=False)
