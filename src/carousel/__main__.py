"""The command `carousel`, also as `python -m carousel`."""

import sys
from importlib.util import find_spec

NEEDED = (
    "filelock",
    "jinja2",
    "latex2mathml",
    "matplotlib",
    "pandas",
    "platformdirs",
    "pyarrow",
    "pydantic",
    "pytorch_lightning",
    "rich",
    "safetensors",
    "scipy",
    "sklearn",
    "torchmetrics",
    "typer",
    "yaml",
)


def main() -> None:
    """Run the command line, and end every failure of it in one sentence and its exit code."""
    try:
        _require_extra()
        from carousel.cli import app, discard_output
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(130)
    try:
        app()
    except OSError as error:
        discard_output()
        print(f"Error: {error.strerror}", file=sys.stderr)
        sys.exit(2)


def _require_extra() -> None:
    """Without the extra `train` say how to install it and exit with 2."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(
            f'Error: the commands need {", ".join(missing)}; run pip install "carousel-lstm[train]"',
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
