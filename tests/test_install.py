"""What an install brings: the native kernels where they can be built, and all the rest where they cannot."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "carousel"
COMPILERS = os.environ.get("CXX"), "c++", "g++", "clang++", "cl"

compiled = pytest.mark.skipif(
    not any(name and shutil.which(name) for name in COMPILERS), reason="no C++ compiler on this machine"
)


def pip(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pip on what is already here: nothing is downloaded."""
    command = [sys.executable, "-m", "pip", *arguments, "--no-deps", "--no-build-isolation", "--no-index"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def run_python(code: str, *options: str, **environment: str) -> str:
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    run_python(
        f"import build_backend; build_backend.build_sdist({str(folder)!r})", PYTHONPATH=str(ROOT / "tools")
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(
    scope="module",
    params=[{"CXX": "/nonexistent/c++"}, {"CMAKE_EXECUTABLE": "/nonexistent/cmake"}],
    ids=["no compiler", "no CMake"],
)
def pure_wheel(request, unpacked, tmp_path_factory):
    """The wheel that a machine without the tools makes of the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    done = pip("wheel", "-v", "--wheel-dir", folder, unpacked, **request.param)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The native kernels could not be built" in done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_without_the_tools_the_wheel_fits_every_machine(pure_wheel):
    assert pure_wheel.name.endswith("-py3-none-any.whl")


def test_a_wheel_holds_the_package_and_its_data_alone(pure_wheel):
    expected = {
        f"carousel/{path.relative_to(SOURCE).as_posix()}"
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix != ".so" and not {"csrc", "__pycache__"} & set(path.parts)
    }
    assert {"carousel/py.typed", "carousel/data/japanese_vowels.npz", "carousel/page.html.j2"} <= expected
    names = {name for name in ZipFile(pure_wheel).namelist() if ".dist-info/" not in name}
    assert names == expected


def test_without_the_kernels_the_layers_run(pure_wheel, tmp_path):
    done = pip("install", "--target", tmp_path, pure_wheel)
    assert done.returncode == 0, done.stderr
    code = (
        "import importlib.util, torch, carousel;"
        "output, _ = carousel.LSTM(3, 4)(torch.zeros(5, 2, 3));"
        "print(carousel.__file__, importlib.util.find_spec('carousel.kernels._cpu'), tuple(output.shape))"
    )
    # -S: the finder of an editable install would put this tree before the folder.
    path = os.pathsep.join([str(tmp_path), *sys.path])
    assert (
        run_python(code, "-S", PYTHONPATH=path) == f"{tmp_path / 'carousel' / '__init__.py'} None (5, 2, 4)"
    )


def test_who_asks_for_the_kernels_gets_them_or_an_error(unpacked, tmp_path):
    settings = "--config-settings", "wheel.cmake=true"
    assert pip("wheel", *settings, "--wheel-dir", tmp_path, unpacked, CXX="/nonexistent/c++").returncode != 0
    assert not list(tmp_path.iterdir())


def test_the_source_distribution_holds_what_the_kernels_are_built_from(unpacked):
    built_from = (
        ROOT / "CMakeLists.txt",
        ROOT / "tools" / "build_backend.py",
        *(SOURCE / "kernels" / "csrc").iterdir(),
    )
    for path in built_from:
        assert (unpacked / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


@compiled
def test_the_kernels_are_here():
    spec = importlib.util.find_spec("carousel.kernels._cpu")
    assert spec is not None, "the native kernels were not built; `make native` shows why"
    assert ROOT / "src" not in Path(spec.origin).parents


@compiled
def test_the_plainest_level_is_the_last_resort():
    from carousel.kernels import _cpu

    levels = _cpu.levels()
    assert levels[-1] == "portable"
    assert levels == [name for name in ("avx512", "avx2", "portable") if name in levels]


@compiled
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_kernels_share_the_threads_of_torch():
    code = """
import re, torch
from carousel.kernels import _cpu
for count in 2, 3, 1:
    torch.set_num_threads(count)
    print(_cpu.threads())
print(len(set(re.findall(r"/\\S*lib[gi]?omp\\S*", open("/proc/self/maps").read()))))
"""
    assert run_python(code).split() == ["2", "3", "1", "1"]
