"""Triton's interpreter, which multiplies like a GPU here, and can run programs as if at once."""

import inspect
import itertools
import random
import threading

import numpy as np
import triton.language as tl
from triton._C.libtriton.ir import INPUT_PRECISION
from triton.runtime import interpreter
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


class Programs:
    """Runs the programs of a launch as if at once: they take turns in any order, whenever one waits or has arrived.

    Its `launched` goes in the place of `GridExecutor.__call__`, its `wait` and `arrive` in those of the kernels' own.
    """

    def __init__(self, seed, arrive):
        self._random, self._arrive = random.Random(seed), arrive

    def launched(self, executor, *args, **kwargs):
        kwargs = {name: value for name, value in kwargs.items() if name in executor.arg_names}
        args_on_host, kwargs_on_host = executor._init_args_hst(args, kwargs)
        scope = interpreter._patch_lang(executor.fn)
        try:
            given = inspect.getcallargs(executor.fn, *args_on_host, **kwargs_on_host)
            given = {
                name: value if name in executor.constexprs else interpreter._implicit_cvt(value)
                for name, value in given.items()
            }
            grid = (*executor.grid, 1, 1)[:3]
            interpreter.interpreter_builder.set_grid_dim(*grid)
            self._run([Program(executor.fn, given, place) for place in itertools.product(*map(range, grid))])
        finally:
            scope.restore()
        executor._restore_args_dev(args, args_on_host, kwargs, kwargs_on_host)

    def _run(self, running):
        in_vain = set()
        while running:
            self._turn = self._random.choice(running)
            state = self._turn.goes_on()
            if isinstance(state, Exception):
                raise state
            in_vain = in_vain | {self._turn} if state == "waits" else set()
            assert len(in_vain) < len(running) or state != "waits", "every program waits for another"
            if state == "done":
                running.remove(self._turn)

    def wait(self, counter, phases, arrivals_a_phase):
        self._turn.pauses("ready")
        while (tl.load(counter) - phases * arrivals_a_phase).handle.data.item() < 0:
            self._turn.pauses("waits")

    def arrive(self, counter):
        self._arrive(counter)
        self._turn.pauses("ready")


class Program(threading.Thread):
    """One program, which runs only while `goes_on` is called: from a pause to the next."""

    def __init__(self, kernel, given, place):
        super().__init__(daemon=True)
        self._kernel, self._given, self._place = kernel, given, place
        self._begin, self._end = threading.Semaphore(0), threading.Semaphore(0)
        self.start()

    def goes_on(self):
        """Returns why it stopped: "ready" or "waits" for another turn, "done", or a fault."""
        self._begin.release()
        self._end.acquire()
        return self._state

    def pauses(self, state):
        self._stops(state)
        self._takes_up()

    def _stops(self, state):
        self._state = state
        self._end.release()

    def _takes_up(self):
        self._begin.acquire()
        interpreter.interpreter_builder.set_grid_idx(*self._place)

    def run(self):
        self._takes_up()
        try:
            self._kernel(**self._given)
        except Exception as fault:
            self._stops(fault)
        else:
            self._stops("done")
