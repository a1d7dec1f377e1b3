"""The build backend: scikit-build-core's, which here does without the native kernels where they cannot be built.

`pip install --config-settings wheel.cmake=true` asks for the kernels or an error, `wheel.cmake=false` for none.
"""

import sys
from collections.abc import Callable

from scikit_build_core import build as backend
from scikit_build_core.build import build_sdist as build_sdist
from scikit_build_core.build import get_requires_for_build_editable as get_requires_for_build_editable
from scikit_build_core.build import get_requires_for_build_sdist as get_requires_for_build_sdist
from scikit_build_core.build import get_requires_for_build_wheel as get_requires_for_build_wheel

# The hooks that prepare metadata are left out: a wheel's tags are known only after the compiler has run.

Settings = dict[str, str | list[str]]

WITHOUT = """
*** The native kernels could not be built; the reason stands above. Carousel is installed without them and runs on
*** PyTorch operations, which is slower. To have them, install a C++17 compiler and CMake, then Carousel again.
"""


def build_wheel(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel into `wheel_directory` and return its name."""
    return build(backend.build_wheel, wheel_directory, config_settings or {}, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings | None = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel that leads to this tree into `wheel_directory` and return its name."""
    return build(backend.build_editable, wheel_directory, config_settings or {}, metadata_directory)


def build(
    hook: Callable[[str, Settings, str | None], str], directory: str, settings: Settings, metadata: str | None
) -> str:
    """Build with the kernels, or else without; not so if the settings ask for one of the two."""
    try:
        return hook(directory, settings, metadata)
    except (Exception, SystemExit) as error:  # no CMake, no compiler, or one that fails
        if "wheel.cmake" in settings:
            raise
        reason = "" if isinstance(error, SystemExit) else error  # who exits has said why
        print(reason, WITHOUT, sep="\n", file=sys.stderr, flush=True)
    return hook(directory, {**settings, "wheel.cmake": "false"}, metadata)
