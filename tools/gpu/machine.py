"""Where the sections run: what the machine is, how time is taken there, and how large the problems are."""

import statistics
import time
from collections.abc import Callable

import torch
import triton
import triton.language as tl
from record import Record

from carousel.kernels.gpu import card
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.jit.grid import arrive, wait

Step = Callable[[int], object]
"""Something to time, given the number of the call, by which it chooses among its inputs."""
INPUTS = 3
"""How many sets of inputs there are to rotate."""
ROOM = tl.constexpr(1024)
"""Numbers beside the counter of a meeting, and again for each program."""


class Gpu:
    """The first NVIDIA GPU."""

    is_rehearsal = False

    def __init__(self) -> None:
        if not torch.cuda.is_available():
            raise SystemExit("there is no GPU that PyTorch can use here; --rehearse goes without")
        self.device = torch.device("cuda", 0)
        if reason := card.missing(self.device):
            raise SystemExit(reason)
        self.card = card.card_of(self.device)
        self.name = torch.cuda.get_device_name(self.device)

    def size(self, *sizes: int) -> tuple[int, ...]:
        return sizes

    def synchronize(self) -> None:
        torch.cuda.synchronize()

    def milliseconds(self, step: Step, seconds: float = 0.4) -> float:
        """The median of a call, by the device's own clock."""
        for i in range(INPUTS):
            step(i)
        once = self._times(step, 2)[-1]
        return statistics.median(self._times(step, max(7, min(100, int(seconds * 1e3 / max(once, 1e-3))))))

    def _times(self, step: Step, calls: int) -> list[float]:
        events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(calls)]
        for i, (begin, end) in enumerate(events):
            begin.record()
            step(i)
            end.record()
        torch.cuda.synchronize()
        return [begin.elapsed_time(end) for begin, end in events]


class Rehearsal:
    """This machine's CPU in the place of a GPU, with the smallest problems: its numbers mean nothing."""

    is_rehearsal = True

    def __init__(self) -> None:
        self.device, self.name = torch.device("cpu"), "rehearsal"
        self.card = Card(processors=1, shared=1 << 20)  # one program, which waits for no other
        from interpreter import InterpreterBuilder, card_product

        InterpreterBuilder.create_dot = card_product

    def size(self, *sizes: int) -> tuple[int, ...]:
        return tuple(min(size, 3) for size in sizes)

    def synchronize(self) -> None:
        pass

    def milliseconds(self, step: Step, seconds: float = 0.4) -> float:
        step(0)
        begin = time.perf_counter()
        step(1)
        return (time.perf_counter() - begin) * 1e3


def run(place: Gpu | Rehearsal, record: Record) -> None:
    """What the machine is, and its ceilings: memory, matrix products, and the meeting of a launch's programs."""
    record(card=place.name, torch=torch.__version__, triton=triton.__version__, cudnn=torch.backends.cudnn.version(),
           processors=place.card.processors, shared=place.card.shared)  # fmt: skip
    (count,) = place.size(1 << 30)
    one, other = (torch.empty(count, dtype=torch.uint8, device=place.device) for _ in range(2))
    record(what="copy", gigabytes_a_second=2 * count / place.milliseconds(lambda _: other.copy_(one)) / 1e6)
    (n,) = place.size(8192)
    a, b = (torch.randn(n, n, device=place.device).bfloat16() for _ in range(2))
    record(what="bfloat16 product", teraflops=2 * n**3 / place.milliseconds(lambda _: a @ b) / 1e9)
    (times,) = place.size(2000)
    kinds = {
        "": meet,
        ", behind six stores": meet_behind_stores,
        ", polled by volatile loads": meet_polled_by_loads,
    }
    if not place.is_rehearsal:
        kinds[", polled by one thread"] = meet_polled_by_one_thread
    for programs in sorted({min(programs, place.card.processors) for programs in (8, 32, 64, 128)}):
        record.attempt(f"messages of {programs}", messages, place, programs, times)
        for kind, kernel in kinds.items():
            record.attempt(f"meeting of {programs}{kind}", meeting, place, kernel, programs, times)


def messages(place: Gpu | Rehearsal, programs: int, times: int) -> dict:
    """Whether after a meeting each sees what all others wrote before it, though it has read the same places before."""
    counter, faults, slots = (
        torch.zeros(size, dtype=torch.int32, device=place.device) for size in (1, 1, programs)
    )
    count = triton.next_power_of_2(programs)
    tell[(programs,)](counter, slots, faults, times, COUNT=count, num_warps=8, launch_cooperative_grid=True)
    return dict(fault=f"{int(faults)} messages came late" if faults.any() else "")


def meeting(place: Gpu | Rehearsal, kernel, programs: int, times: int) -> dict:
    counter = torch.zeros(ROOM.value * (1 + programs), dtype=torch.int32, device=place.device)

    def step(_: int) -> None:
        counter.zero_()
        kernel[(programs,)](counter, times, num_warps=8, launch_cooperative_grid=True)

    milliseconds = place.milliseconds(step, 0.1)
    arrived = int(counter[0])
    fault = "" if arrived == programs * times else f"{arrived} arrivals of {programs * times}"
    return dict(microseconds=milliseconds * 1e3 / times, fault=fault)


@triton.jit(do_not_specialize=["times"])
def meet(counter, times):
    for i in range(times):
        arrive(counter)
        wait(counter, i + 1, tl.num_programs(0))


@triton.jit(do_not_specialize=["times"])
def meet_behind_stores(counter, times):
    """As many as a phase leaves to the backward pass, 16 sequences times 8 units each: the arrival waits for all."""
    own = counter + (1 + tl.program_id(0)) * ROOM + tl.arange(0, 128)
    for i in range(times):
        for j in tl.static_range(6):
            tl.store(own + j * 128, i)
        arrive(counter)
        wait(counter, i + 1, tl.num_programs(0))


@triton.jit(do_not_specialize=["times"])
def meet_polled_by_loads(counter, times):
    """Every thread asks, without taking anything for read, until it acquires once."""
    for i in range(times):
        arrive(counter)
        while tl.load(counter, volatile=True) < (i + 1) * tl.num_programs(0):
            pass
        tl.atomic_add(counter, 0, sem="acquire", scope="gpu")
        tl.debug_barrier()


@triton.jit(do_not_specialize=["times"])
def meet_polled_by_one_thread(counter, times):
    """The program's other threads wait at the barrier behind, and do not take part in each look."""
    for i in range(times):
        arrive(counter)
        tl.inline_asm_elementwise(
            """{
            .reg .pred other, early;
            .reg .b32 thread, seen;
            mov.u32 thread, %tid.x;
            setp.ne.u32 other, thread, 0;
            @other bra THROUGH;
            AGAIN: ld.acquire.gpu.global.b32 seen, [$1];
            setp.lt.s32 early, seen, $2;
            @early bra AGAIN;
            THROUGH: mov.b32 $0, 0;
            }""",
            "=r,l,r",
            [counter, (i + 1) * tl.num_programs(0)],
            dtype=tl.int32,
            is_pure=False,
            pack=1,
        )
        tl.debug_barrier()


@triton.jit(do_not_specialize=["times"])
def tell(counter, slots, faults, times, COUNT: tl.constexpr):
    others = tl.arange(0, COUNT)
    for i in range(times):
        tl.store(slots + tl.program_id(0), i + 1)
        arrive(counter)
        wait(counter, 2 * i + 1, tl.num_programs(0))
        told = tl.load(slots + others, mask=others < tl.num_programs(0), other=i + 1)
        tl.atomic_add(faults, tl.sum((told != i + 1).to(tl.int32)), sem="relaxed")
        arrive(counter)
        wait(counter, 2 * i + 2, tl.num_programs(0))
