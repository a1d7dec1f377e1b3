"""The command `carousel`, also as `python -m carousel`."""

import sys
from importlib.util import find_spec

NEEDED = (
    "jinja2",
    "matplotlib",
    "pandas",
    "pydantic",
    "pytorch_lightning",
    "rich",
    "safetensors",
    "torchmetrics",
    "typer",
    "yaml",
)


def main() -> None:
    """Run the command line; without the extra `train` say how to install it and exit with 2."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(
            f'Error: the commands need {", ".join(missing)}; run pip install "carousel-lstm[train]"',
            file=sys.stderr,
        )
        sys.exit(2)
    from carousel.cli import app

    app()


if __name__ == "__main__":
    main()
