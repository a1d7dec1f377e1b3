"""The C++ kernels; what they compute is said in csrc/. Arrays are addresses, 0 for one that is absent."""

class Problem:
    def __init__(
        self,
        *,
        is_double: bool,
        peephole: int,
        input_gate: bool,
        projection: bool,
        reverse: bool,
        T: int,
        B: int,
        I: int,
        H: int,
        V: int,
        lengths: int,
        v_mask: int,
        x: int,
        v_init: int,
        s_init: int,
        ih: int,
        hh: int,
        ch: int,
        bias: int,
        hr: int,
        v: int,
        v_last: int,
        s_last: int,
        s: int,
        gates: int,
    ) -> None: ...

class Errors:
    def __init__(
        self,
        *,
        dv: int,
        dv_last: int,
        ds_last: int,
        dx: int,
        dv_init: int,
        ds_init: int,
        dih: int,
        dhh: int,
        dch: int,
        dbias: int,
        dhr: int,
    ) -> None: ...

class StreamLayer:
    def __init__(
        self, *, inputs: int, past: int, future: int, ih: int, hh: int, ch: int, bias: int, hr: int
    ) -> None: ...

class Stream:
    def __init__(
        self,
        *,
        is_double: bool,
        peephole: int,
        input_gate: bool,
        projection: bool,
        B: int,
        H: int,
        V: int,
        layers: list[StreamLayer],
    ) -> None: ...
    def push(self, x: int, out: int) -> bool: ...
    def flush(self, out: int) -> int: ...
    def save(self, v: int, s: int, windows: list[int]) -> int: ...
    def load(self, v: int, s: int, windows: list[int], steps: int) -> None: ...

def forward(problem: Problem, threads: int = 0) -> None: ...
def backward(problem: Problem, errors: Errors, threads: int = 0) -> None: ...
def levels() -> list[str]: ...
def level() -> str: ...
def use_level(name: str) -> None: ...
def threads() -> int: ...
def poison_scratch(on: bool) -> None: ...
def activate(name: str, is_double: bool, source: int, target: int, count: int) -> None: ...
def multiply_add(is_double: bool, rounds: int, threads: int) -> float: ...
