"""The house rules that a reader cannot see from one file: which floor may import which, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import carousel

PACKAGE = Path(carousel.__file__).parent
BELOW = {
    "equations": set(),
    "kernels": set(),
    "errors": set(),
    "style": set(),
    "files": {"errors"},
    "mathml": set(),
    "screen": set(),
    "pages": {"style"},
    "data": {"errors"},
    "nn": {"kernels"},
    "convert": {"onnx", "nn", "kernels"},
    "onnx": {"training", "nn", "kernels", "errors", "files"},
    "theory": {"equations", "nn", "errors", "style", "files", "pages", "mathml"},
    "benchmarks": {"nn", "kernels", "errors", "style", "files"},
    "training": {"nn", "data", "errors", "files", "screen"},
    "estimators": {"training", "data", "errors", "files"},
    "experiments": {"training", "data", "errors", "style", "files", "screen", "pages"},
    "report": {"training", "theory", "data", "nn", "errors", "style", "files", "pages"},
    "cli": {
        "benchmarks",
        "experiments",
        "onnx",
        "report",
        "theory",
        "training",
        "data",
        "nn",
        "kernels",
        "errors",
        "files",
        "screen",
        "texts",
    },
    "texts": {"files"},
    "__main__": {"cli"},
    "__init__": {"convert", "nn", "kernels", "estimators"},
}
"""Each floor, and the floors below it that it may stand on."""


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_floors(path: Path) -> set[str]:
    floors = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [f"{alias.name}." for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; imports are written one way, from carousel"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        floors |= {name.split(".")[1] for name in names if name.startswith("carousel.")}
    # Whatever else the package offers, it offers from the layers.
    return {floor if floor in BELOW else "nn" for floor in floors}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_nothing_imports_upward(path):
    floor = floor_of(path)
    assert imported_floors(path) <= BELOW[floor] | {floor}


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_import_needs_only_torch_and_numpy():
    heavy = (
        "pytorch_lightning",
        "pandas",
        "pyarrow",
        "matplotlib",
        "triton",
        "pydantic",
        "typer",
        "rich",
        "torchmetrics",
        "sklearn",
        "onnx",
        "keras",
        "torchrecurrent",
        "haste_pytorch",
    )
    code = f"import torch, numpy, sys; before = set(sys.modules); import carousel; print(*(set({heavy}) & (set(sys.modules) - before)))"
    assert run_python(code) == ""


def test_import_adds_less_than_a_third_of_a_second_to_torch():
    code = "import torch, time; t = time.perf_counter(); import carousel; print(time.perf_counter() - t)"
    assert min(float(run_python(code)) for _ in range(3)) < 0.3


def test_what_trains_is_there_when_it_is_asked_for():
    code = "import carousel, sys; carousel.fit, carousel.Classifier, carousel.Forecaster; print('sklearn' in sys.modules)"
    assert run_python(code) == "True"


def test_what_trains_says_what_it_needs(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("carousel.estimators")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError) as raised:
        carousel.Classifier  # noqa: B018
    wanted = "carousel.Classifier needs the package sklearn.base; run pip install 'carousel-lstm[train]'"
    assert str(raised.value) == wanted
    with pytest.raises(AttributeError, match="module 'carousel' has no attribute 'Clasifier'"):
        carousel.Clasifier  # noqa: B018


def test_public_names():
    public = {name for name in dir(carousel) if not name.startswith("_")}
    modules = {floor_of(path) for path in PACKAGE.rglob("*.py")}
    assert public - modules - {"TYPE_CHECKING", "Any", "import_module"} == {
        "AugmentedLSTM",
        "Classifier",
        "Forecaster",
        "LSTM",
        "LSTMCell",
        "RNN",
        "VanillaLSTM",
        "explain",
        "fit",
        "swap_lstms",
        "use_kernel",
    }
