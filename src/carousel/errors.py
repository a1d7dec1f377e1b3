"""The one kind of error a user of the commands can mend, and how to say it."""

import difflib
from collections.abc import Iterable


class CarouselError(Exception):
    """Bad input, told in one sentence: what, where, wanted, got, what to do.

    The command line prints the sentence on standard error and exits with code 2. Layers do not raise it: they
    raise what `torch.nn.LSTM` raises.
    """


class DivergedError(CarouselError):
    """A training that learnt nothing: its loss was never a finite number."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The tail of an error about an unknown name: the nearest known one, or all of them.

    >>> did_you_mean("hiden_size", ["hidden_size", "epochs"])
    "did you mean 'hidden_size'?"
    >>> did_you_mean("xyz", ["epochs", "hidden_size"])
    "known: 'epochs', 'hidden_size'"
    """
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return "known: " + ", ".join(f"'{name}'" for name in names)
