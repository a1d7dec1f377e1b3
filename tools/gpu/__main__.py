"""Tests, measures and records the kernels on the GPU of this machine: `make gpu`, or `python3 tools/gpu`.

It needs torch, Triton and NumPy there, no network and no install: the package is read from `src`. Each section runs in
a process of its own with a limit of time, so that one that fails or hangs costs the others nothing; where a check took
the GPU from its process, another one goes on behind it. The first section compiles for the others. What a section found
is in the file of results as soon as it is over, in the place of what it found there before; until then, and if this
program is ended, it lies beside in `gpu-SECTION.lines`. `--rehearse` goes through all of it in miniature on a machine
without a GPU, in Triton's interpreter, and writes no file.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "kernels")]

SECTIONS = {"compilation": 120, "machine": 60, "agreement": 150, "layers": 120, "parts": 120, "speed": 180}
"""In this order, each with the seconds it may take."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/gpu", description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="only these; all by default")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "benchmarks" / "results", help="folder for the file"
    )
    parser.add_argument("--rehearse", action="store_true", help="in miniature, without a GPU")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.into is not None:
        run_section(given.sections[0], given.into, rehearse=False)
        return 0
    if given.rehearse:
        os.environ["TRITON_INTERPRET"] = "1"  # which Triton asks as it is imported
    found: dict[str, object] = {"date": datetime.date.today().isoformat()}
    failed = []
    for name in given.sections or SECTIONS:
        print(f"\n== {name}", flush=True)
        into = given.results / f"gpu-{name}.lines"
        lines, fault = rehearsed(name) if given.rehearse else ran(name, into)
        found[name] = lines
        if fault:
            failed.append(f"{name}: {fault}")
        found["failed"] = failed
        if not given.rehearse:
            write(found, given.results)
            into.unlink(missing_ok=True)
    print("\n" + table(found.get("speed", [])))
    print("\n".join(f"FAILED {line}" for line in failed) or "all sections passed")
    return bool(failed)


def rehearsed(name: str) -> tuple[list[dict], str]:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "lines.json"
        run_section(name, into, rehearse=True)
        return judged(into, "")


def ran(name: str, into: Path) -> tuple[list[dict], str]:
    """What a section recorded, and what went wrong, if anything did."""
    into.parent.mkdir(parents=True, exist_ok=True)
    into.unlink(missing_ok=True)
    return judged(into, in_processes(name, into))


def judged(into: Path, fault: str) -> tuple[list[dict], str]:
    lines = recorded(into)
    faulty = [line for line in lines if line.get("fault")]
    return lines, "; ".join(
        [fault] * bool(fault) + [f"{line['what']}: {line['fault']}" for line in faulty[:5]]
    )


def in_processes(name: str, into: Path) -> str:
    """Runs a section in one process after another, as long as each comes further; what went wrong with the last."""
    command = [sys.executable, str(Path(__file__).parent), name, "--into", str(into)]
    end, count = time.monotonic() + SECTIONS[name], -1
    while len(recorded(into)) > count:
        count = len(recorded(into))
        try:
            code = subprocess.run(command, timeout=end - time.monotonic(), check=False).returncode
        except subprocess.TimeoutExpired:
            return f"not done in {SECTIONS[name]} s"
        if not code:
            return ""
    return f"exit status {code}"


def recorded(into: Path) -> list[dict]:
    return json.loads(into.read_text()) if into.exists() else []


def run_section(name: str, into: Path, rehearse: bool) -> None:
    import agreement
    import compilation
    import layers
    import machine
    import parts
    import speed
    from record import Record

    place = machine.Rehearsal() if rehearse else machine.Gpu()
    sections = {
        module.__name__: module.run for module in (compilation, machine, agreement, layers, parts, speed)
    }
    sections[name](place, Record(into))


def write(found: dict, folder: Path) -> None:
    """What was found, beside what the file has of other sections of the same card; nothing where there is no card."""
    import torch

    if not torch.cuda.is_available():
        return
    card = torch.cuda.get_device_name()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"gpu-{re.sub('[^a-z0-9]+', '-', card.lower())}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | found, indent=1) + "\n")
    print(f"  written: {path}", flush=True)


def table(lines: list[dict]) -> str:
    """The lines that were promised, as Markdown."""
    heads = "what", "against", "wanted", "ours", "theirs", "ratio", "met"
    rows = [heads, ("---",) * len(heads)]
    for line in lines:
        if "wanted" not in line:
            continue
        ratio, wanted = line["ratio"], line["wanted"]
        met = "yes" if ratio >= wanted else "NO"
        rows.append(
            (line["what"], line["against"], f"{wanted:.2f}", f"{line['ours']:.3f} ms", f"{line['theirs']:.3f} ms",
             f"{ratio:.2f}", met)
        )  # fmt: skip
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
