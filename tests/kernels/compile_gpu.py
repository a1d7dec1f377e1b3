"""Compiles the Triton kernels for GPUs that this machine need not have, and prints what came of it, as JSON."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from carousel.kernels import LSTMCell
from carousel.kernels.gpu.card import Card, precision
from carousel.kernels.gpu.form import form_of
from carousel.kernels.gpu.jit import persistent, streamed
from carousel.kernels.gpu.persistent import SEQUENCES, SPARE, Persistent, cut, shared_bytes
from carousel.kernels.gpu.streamed import BLOCK_BYTES, WARPS, Streamed

CARDS = {80: Card(108, 163 * 1024), 90: Card(132, 227 * 1024)}
POINTERS = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.float16: "*fp16"}
TYPES = dict.fromkeys(("from_v", "from_s", "state", "f_psi", "f_beta"), "*fp32")
TYPES |= dict(offsets="*i64", lengths="*i32", arrivals="*i32")
TYPES |= dict.fromkeys(("T", "descending", "begin", "end"), "i32")

PERSISTENT = [
    (LSTMCell("full", True), 1024, torch.bfloat16, 90),
    (LSTMCell(), 1024, torch.float16, 90),
    (LSTMCell("full"), 512, torch.bfloat16, 80),
    (LSTMCell("diagonal", True), 250, torch.float32, 80),
    (LSTMCell("full", True), 512, torch.float32, 90),
]
STREAMED = [  # and the batch
    (LSTMCell("full", True), 2048, torch.bfloat16, 90, 16),
    (LSTMCell("full", True), 1024, torch.bfloat16, 90, 256),
    (LSTMCell("full"), 1024, torch.float16, 80, 64),
    (LSTMCell("full"), 2048, torch.float32, 80, 16),
    (LSTMCell("diagonal", True), 1024, torch.float32, 90, 256),
]


def compile_kernel(kernel, dtype, capability, warps, **constants):
    options = dict(num_warps=warps, launch_cooperative_grid=True, enable_fp_fusion=True)
    if (
        "STAGES" not in constants
    ):  # streamed loops have their own, and what else there is the compiler's default
        options["num_stages"] = 1
    constants = {name: value for name, value in constants.items() if name in kernel.arg_names}
    signature = {
        name: "constexpr" if name in constants else TYPES.get(name, POINTERS[dtype])
        for name in kernel.arg_names
    }
    aligned = {
        (i,): [["tt.divisibility", 16]] for i, kind in enumerate(signature.values()) if kind.startswith("*")
    }
    source = ASTSource(
        fn=kernel,
        signature=signature,
        constexprs={(kernel.arg_names.index(name),): value for name, value in constants.items()},
        attrs=aligned,
    )
    return triton.compile(
        source,
        target=GPUTarget("cuda", capability, 32),
        options=options,
    )


def stack_bytes(compiled) -> int:
    """What the registers do not hold of a thread."""
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        told = subprocess.run(
            [tool, "--dump-resource-usage", file.name], capture_output=True, text=True, check=True
        )
    return int(re.search(r"STACK:(\d+)", told.stdout)[1])


def weights_loaded_in_the_loop(compiled) -> int:
    """Loads of [parts, K / parts, units] within the loop over time, where only signals [parts, sequences, ...] belong."""
    _, _, loop = compiled.asm["ttgir"].partition("scf.for")
    tiles = re.findall(r"tt\.load [^\n]*: tensor<\d+x(\d+)x\d+x!tt\.ptr", loop)
    return sum(int(rows) != SEQUENCES for rows in tiles) if tiles else -1


def tensor_products(compiled, dtype) -> int:
    """Instructions that multiply on tensor cores, with numbers of the dtype, float32 as tf32."""
    kind = {torch.float32: "tf32", torch.bfloat16: "bf16", torch.float16: "f16"}[dtype]
    return len(re.findall(rf"mma(?:_async)?\.sync.*\.{kind}\.{kind}\b", compiled.asm["ptx"]))


def products_elsewhere(compiled) -> int:
    """Products that tensor cores do not make."""
    results = re.findall(r"(?:tt\.dot|warp_group_dot) .*-> (.*)", compiled.asm["ttgir"])
    return sum("#mma" not in result for result in results) if results else -1


def meetings(compiled) -> tuple[int, ...]:
    """How often a program says that what it wrote is there, and how often it waits for what others wrote."""
    return tuple(len(re.findall(rf"\.{order}\.", compiled.asm["ptx"])) for order in ("release", "acquire"))


def compiled_anew_for(kernel) -> list[str]:
    """The numbers for whose values a kernel is specialized."""
    return [
        each.name for each in kernel.params if TYPES.get(each.name) == "i32" and not each.do_not_specialize
    ]


def loads_under_way(compiled) -> bool:
    """Whether products read what was asked for some blocks before."""
    return "ttg.async_copy_global_to_local" in compiled.asm["ttgir"]


def report(form, kernel, H, dtype, capability, compiled, promised, **more):
    return dict(
        form=form.name, kernel=kernel.__name__, cell=str(form.cell), H=H, dtype=str(dtype), capability=capability,
        shared=compiled.metadata.shared, promised=promised, stack=stack_bytes(compiled),
        anew=compiled_anew_for(kernel), meetings=meetings(compiled),
        tensor_products=tensor_products(compiled, dtype), other_products=products_elsewhere(compiled), **more,
    )  # fmt: skip


def main() -> None:
    found = []
    for cell, H, dtype, capability in PERSISTENT:
        form, reason = form_of(cell, 1, H, dtype, CARDS[capability])
        assert isinstance(form, Persistent), reason
        K, parts = cut(H)
        for kernel in (persistent.forward, persistent.backward):
            compiled = compile_kernel(
                kernel, dtype, capability, parts, H=H, K=K, S=parts, BB=SEQUENCES, BH=form.units,
                PEEPHOLE=cell.peephole, INPUT_GATE=cell.input_gate, MASKED=cell.input_gate, KEEP_GATES=True, KEEP_STATES=True,
                PRECISION=precision(dtype),
            )  # fmt: skip
            promised = shared_bytes(cell, H, dtype, form.units) + SPARE
            loaded = weights_loaded_in_the_loop(compiled)
            found.append(
                report(form, kernel, H, dtype, capability, compiled, promised, weights_loaded=loaded)
            )
    for cell, H, dtype, capability, B in STREAMED:
        form, reason = form_of(cell, B, H, dtype, CARDS[capability])
        assert isinstance(form, Streamed), reason
        tile = form.tile(dtype)
        for kernel in (streamed.forward, streamed.backward):
            compiled = compile_kernel(
                kernel, dtype, capability, WARPS, H=H, BB=tile.sequences, BH=tile.units,
                BK=BLOCK_BYTES // dtype.itemsize, STAGES=tile.stages, PEEPHOLE=cell.peephole,
                INPUT_GATE=cell.input_gate, MASKED=cell.input_gate, KEEP_GATES=True, KEEP_STATES=True, PRECISION=precision(dtype),
            )  # fmt: skip
            promised, ahead = form.shared_bytes(dtype), loads_under_way(compiled)
            if capability >= 90:
                promised += promised // (tile.stages - 1)
            found.append(
                report(form, kernel, H, dtype, capability, compiled, promised, loads_under_way=ahead)
            )
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
