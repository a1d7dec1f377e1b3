"""What is said of bad input: the text of a `CarouselError`, one sentence."""

import pytest

from carousel.errors import CarouselError


def refusal(call, *arguments, **options) -> str:
    with pytest.raises(CarouselError) as raised:
        call(*arguments, **options)
    sentence = str(raised.value)
    assert "\n" not in sentence
    return sentence


def unreadable(read, path) -> str:
    """What is said behind the name of a file that cannot be read."""
    sentence = refusal(read, path)
    assert sentence.startswith(f"cannot read '{path}': ")
    return sentence.removeprefix(f"cannot read '{path}': ")
