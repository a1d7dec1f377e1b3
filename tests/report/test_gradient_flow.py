"""How far back an error reaches in the layer of a run."""

import pytest
from PIL import Image

from carousel.errors import CarouselError
from carousel.report.gradient_flow import draw_run_flow
from carousel.training import Config, fit, override

SMALL = ("hidden_size=4", "epochs=1", "batch_size=64")


@pytest.mark.parametrize("layer", ["augmented", "torch"])
def test_a_run_gets_its_figure_and_its_reach(layer, tmp_path):
    run = fit(override(Config(recipe="small"), [f"layer={layer}", *SMALL]), tmp_path / "run", progress=False)
    flow = draw_run_flow(run.folder, tmp_path / "out" / "theory")
    assert flow.figure == tmp_path / "out" / "theory" / "gradients-run.png"
    with Image.open(flow.figure) as picture:
        assert picture.size == (1600, 1000)
    # A hardly trained forget gate is about half open: an error is gone after a few steps, not at once.
    assert 3 <= flow.reach < flow.longest == 28


def test_a_gru_is_refused_in_a_sentence(tmp_path):
    run = fit(override(Config(), ["layer=gru", *SMALL]), tmp_path / "run", progress=False)
    with pytest.raises(CarouselError, match="a GRU has no state signal apart from its output"):
        draw_run_flow(run.folder, tmp_path / "out")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CarouselError, match="is not a run"):
        draw_run_flow(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
