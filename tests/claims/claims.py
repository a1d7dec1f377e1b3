"""What `docs/drop-in.md` says of two layers, as code that either runs or fails.

A claim is a function of a class, `torch.nn.LSTM` or `carousel.LSTM`, that raises unless the class can do what the row
of the table says. Run as a program it tries all claims with both and writes what became of each to a file, as JSON; in
a process of its own, so that nothing that tests switch on is traced too.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

import carousel

Layer = type[torch.nn.Module]
Claim = Callable[[Layer], None]

CLASSES: dict[str, Layer] = {"torch.nn.LSTM": torch.nn.LSTM, "carousel.LSTM": carousel.LSTM}
CLAIMS: dict[str, Claim] = {}


def claim(row: str) -> Callable[[Claim], Claim]:
    """Register what a row of the table says, by the words of its first cell."""

    def register(probe: Claim) -> Claim:
        assert row not in CLAIMS, row
        CLAIMS[row] = probe
        return probe

    return register


def outcome(probe: Claim, layer: Layer) -> tuple[str, str]:
    """`yes`, or `no` and the name of the exception that says so; and what the exception says itself."""
    torch.manual_seed(0)
    torch._dynamo.reset()
    try:
        probe(layer)
    except subprocess.CalledProcessError as error:
        return f"no ({type(error).__name__})", error.stderr.decode(errors="replace")
    except Exception as error:
        return f"no ({type(error).__name__})", str(error)
    return "yes", ""


def close(got: torch.Tensor, wanted: torch.Tensor, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(got, wanted, rtol=0, atol=tolerance)


if __name__ == "__main__":
    import compilers  # noqa: F401  each registers its claims
    import derivatives  # noqa: F401
    import modules  # noqa: F401
    import others  # noqa: F401
    import sequences  # noqa: F401

    # The tables of claims are one registry, whichever name this file was loaded under.
    from claims import CLAIMS as REGISTERED
    from claims import outcome as tried

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # what a peer warns of is not the question here
    found = {
        row: {name: tried(probe, layer) for name, layer in CLASSES.items()}
        for row, probe in REGISTERED.items()
    }
    Path(sys.argv[1]).write_text(json.dumps(found))
