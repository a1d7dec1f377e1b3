"""In the place of Triton's driver: kernels are compiled as a launch on a GPU would have them, and not launched."""

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction


class Driver:
    def __init__(self, capability: int) -> None:
        self.capability = capability

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", self.capability, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")


def pretend(capability: int = 90) -> None:
    """From now on, in this process."""
    triton.runtime.driver.set_active(Driver(capability))
    only_compile()


def only_compile() -> None:
    """The same with Triton's own driver, where there is a GPU."""
    launch = JITFunction.run
    JITFunction.run = lambda self, *arguments, **more: launch(self, *arguments, **more | dict(warmup=True))


def compiled(kernel: JITFunction) -> int:
    """How often it has been compiled, or taken from Triton's cache of files."""
    return sum(len(kernels) for kernels, *_ in kernel.device_caches.values())
