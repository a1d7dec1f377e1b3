"""What tests of the layers share."""

import pytest


@pytest.fixture(params=["cpu", "eager"])
def engine(request):
    """Each kernel that a stream can be made with."""
    # Not above: this file is read before the types of carousel's kernels are put under check.
    from carousel.kernels import cpu, use_kernel

    if request.param == "cpu" and cpu.MISSING:
        pytest.skip("the C++ kernel is not built")
    with use_kernel(request.param):
        yield request.param
