"""Run the kernels' tests on an extension that GCC has instrumented: `make sanitize`.

First AddressSanitizer with UndefinedBehaviorSanitizer, then ThreadSanitizer, for which the kernels' threads are
std::threads: it does not see how OpenMP synchronizes. Each build lies in its own folder, .venv/sanitize/<name>; the
tests find all other packages in the environment whose Python runs this.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COMPILER = os.environ.get("CXX", "c++")
TESTS = "tests/kernels"


class Sanitizer(NamedTuple):
    name: str
    library: str
    options: dict[str, str]
    left_out: tuple[str, ...] = ()


SANITIZERS = (
    Sanitizer(
        "address,undefined",
        "libasan.so",
        # Not leaks: Python and torch keep memory to the end of the process.
        {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"},
    ),
    Sanitizer(
        "thread",
        "libtsan.so",
        # What torch and Python do between themselves is not instrumented and would be misjudged.
        {"TSAN_OPTIONS": "halt_on_error=1:ignore_noninstrumented_modules=1:die_after_fork=0"},
        # Threads that are not OpenMP's know nothing of torch's number.
        (f"--deselect={TESTS}/test_cpu_threads.py::test_torch_says_how_many_threads",),
    ),
)
# Time and memory are other ones under a sanitizer, and compilers, which torch.compile may call, do not run under it.
LEFT_OUT = f"--ignore={TESTS}/test_cpu_cost.py", f"--deselect={TESTS}/test_operators.py::test_compiled"


def build(sanitizer: Sanitizer, folder: Path) -> None:
    """Install the package into `folder`, its extension instrumented."""
    settings = {
        "wheel.cmake": "true",
        "build-dir": folder / "build",
        "cmake.define.CAROUSEL_SANITIZE": sanitizer.name,
    }
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    command += ["--no-build-isolation", "--no-deps", "--upgrade", "--target", str(folder), str(ROOT)]
    for name, value in settings.items():
        command += ["--config-settings", f"{name}={value}"]
    subprocess.run(command, check=True)


def library(name: str) -> str:
    """Where the compiler has a library of its own."""
    found = subprocess.run([COMPILER, f"-print-file-name={name}"], check=True, capture_output=True, text=True)
    path = found.stdout.strip()
    if not Path(path).is_absolute():
        sys.exit(f"make sanitize: {COMPILER} has no {name}; name a GCC that has, such as CXX=g++")
    return path


def test(sanitizer: Sanitizer, folder: Path) -> int:
    """The exit status of the kernels' tests on the package in `folder`."""
    environment = os.environ | sanitizer.options | {"OMP_NUM_THREADS": "1"}
    # The sanitizer has to be in the process before Python, and looks at once for what throws exceptions.
    environment["LD_PRELOAD"] = f"{library(sanitizer.library)} {library('libstdc++.so')}"
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), sysconfig.get_path("purelib")])
    # -S: the finder of an editable install would put this tree before the folder. -s: a report is not swallowed.
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", TESTS]
    return subprocess.run([*command, *LEFT_OUT, *sanitizer.left_out], cwd=ROOT, env=environment).returncode


def main() -> None:
    for sanitizer in SANITIZERS:
        folder = ROOT / ".venv" / "sanitize" / sanitizer.name.replace(",", "-")
        print(f"{sanitizer.name}: building and testing", flush=True)
        build(sanitizer, folder)
        if status := test(sanitizer, folder):
            sys.exit(f"make sanitize: the tests failed under {sanitizer.name} (exit status {status})")


if __name__ == "__main__":
    main()
