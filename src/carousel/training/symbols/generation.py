"""Text that a model writes, one symbol after the other."""

import numpy as np
import numpy.typing as npt
import torch

from carousel.data.text import decode, encode
from carousel.errors import CarouselError
from carousel.training.stepwise import pushed
from carousel.training.symbols.model import SymbolModel

LONGEST = 10_000_000
"""Symbols of a text that is written: hours of writing."""


def beginning(model: SymbolModel) -> str:
    """What a model reads where there is no prompt."""
    alphabet = model.alphabet
    return "\n" if alphabet is None or "\n" in alphabet else alphabet[0]


def written(model: SymbolModel, length: int, temperature: float, prompt: str, seed: int) -> str:
    """The text of what `drawn` gives."""
    return decode(drawn(model, length, temperature, prompt, seed), model.alphabet)


@torch.no_grad()
def drawn(
    model: SymbolModel, length: int, temperature: float, prompt: str, seed: int
) -> npt.NDArray[np.int64]:
    """`length` symbols after a prompt, each drawn from what the model says of it; the prompt is not repeated.

    Args:
        model: in evaluation mode.
        length: how many symbols, at most `LONGEST`.
        temperature: what logits are divided by: 1 draws as the model says, less draws what is likely more often, 0
            takes what is likeliest.
        prompt: what the model reads first; an empty one stands for a new line, or the first symbol of an alphabet
            without.
        seed: of the draws.

    Raises:
        CarouselError: an argument is out of range, or a character of the prompt not in the model's alphabet.
    """
    if not 1 <= length <= LONGEST or temperature < 0 or not np.isfinite(temperature):
        raise CarouselError(
            f"a text wants a length of 1 to {LONGEST:,} and a temperature of 0 or more, got {length:g} and "
            f"{temperature}"
        )
    start = prompt or beginning(model)
    push = pushed(model)
    generator = torch.Generator().manual_seed(seed)
    read = torch.from_numpy(encode(start, model.alphabet)).long()
    said: list[int] = []
    while True:
        for symbol in read:
            v = push(model.coded(symbol))
        assert v is not None
        logits = model.head(v)
        if temperature:
            chances = (logits / temperature).softmax(dim=-1)
            read = torch.multinomial(chances, 1, generator=generator)
        else:
            read = logits.argmax(dim=-1, keepdim=True)
        said.append(int(read))
        if len(said) == length:
            return np.array(said)
