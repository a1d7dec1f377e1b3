"""The model of a run as an ONNX file: a classifier, a forecaster, or a model of the next symbol."""

import json
from pathlib import Path
from typing import Any

from carousel.errors import CarouselError
from carousel.onnx import _classifier, _forecaster, _symbols
from carousel.onnx._export import write_model
from carousel.training import SequenceClassifier, SeriesForecaster, SymbolModel, open_run

EXPORTS: dict[type, Any] = {
    SequenceClassifier: _classifier,
    SeriesForecaster: _forecaster,
    SymbolModel: _symbols,
}
"""By kind of model the module that has its graph, `graph_of`, and its metadata, `told`."""


def export_run(run_dir: str | Path, path: str | Path | None = None) -> Path:
    """Write the model of a run's best epoch as an ONNX file and return its path.

    [ONNX](../onnx.md#whole-models) says what the file takes and gives; its metadata hold the names of inputs and
    answers, each in JSON.

    Args:
        run_dir: the run folder.
        path: where to write; by default `model.onnx` in the run folder.

    Raises:
        CarouselError: the run cannot be opened or its model not be exported, or the file cannot be written.
    """
    run = open_run(run_dir)
    model = run.load_model()
    if type(model) not in EXPORTS:
        raise CarouselError(
            f"run '{run.folder}' is of task '{run.config.task.kind}', whose models cannot be exported; "
            "export its layer with carousel.onnx.export"
        )
    layer = model.lstm
    if layer is None:
        raise CarouselError(
            f"run '{run.folder}' has layer '{run.config.model.layer}', only LSTMs can be exported; "
            "train one with another layer, or export its weights with torch.onnx"
        )
    kind = EXPORTS[type(model)]
    path = Path(path or run.folder / "model.onnx")
    names = {name: json.dumps(value) for name, value in kind.told(model).items()}
    write_model(kind.graph_of(model, layer), path, {"layer": repr(layer), **names})
    return path
