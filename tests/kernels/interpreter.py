"""Triton's interpreter, which multiplies like a GPU here."""

import numpy as np
import triton.language as tl
from triton._C.libtriton.ir import INPUT_PRECISION
from triton.runtime.interpreter import InterpreterBuilder, TensorHandle

_product = InterpreterBuilder.create_dot


def card_product(self, a, b, sums, precision, *others):
    """In place of `InterpreterBuilder.create_dot`, which takes bfloat16 for integers and ignores the precision."""
    a, b = (self.create_fp_ext(part, tl.float32) if part.dtype == tl.bfloat16 else part for part in (a, b))
    if precision == INPUT_PRECISION.IEEE:
        return _product(self, a, b, sums, precision, *others)
    pairs = [(_seen(a.data), _seen(b.data))]
    if precision == INPUT_PRECISION.TF32x3:
        (a_large, a_small), (b_large, b_small) = _split(a.data), _split(b.data)
        pairs = [(a_small, b_large), (a_large, b_small), (a_large, b_large)]
    for pair in pairs:
        sums = _product(self, *[TensorHandle(part, tl.float32) for part in pair], sums, precision, *others)
    return sums


def _seen(numbers):
    """What a tensor core sees of float32 numbers: not their last 13 bits."""
    return (numbers.view(np.uint32) & 0xFFFFE000).view(np.float32)


def _split(numbers):
    """The nearest numbers of tf32, and what a tensor core sees of the remainders."""
    large = ((numbers.view(np.uint32) + 0x1000) & 0xFFFFE000).view(np.float32)
    return large, _seen(numbers - large)
