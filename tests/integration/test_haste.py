"""haste's LSTM, as the package itself computes it.

Built without nvcc in sight (`pip install --no-build-isolation haste-pytorch-cpu`) the package runs on the CPU, in Python.
"""

import pytest
import torch
from torch import nn

import carousel
from carousel.convert import from_haste, to_haste
from helpers import assert_same

haste = pytest.importorskip("haste_pytorch")

FEATURES, H, T, B = 3, 5, 7, 4


def module_of(dtype=torch.float32, **options):
    torch.manual_seed(1)
    module = haste.LSTM(FEATURES, H, **options).to(dtype)
    with torch.no_grad():
        module.bias += torch.randn_like(module.bias)
    return module


def agree(module, layer):
    x, h, c = (
        torch.randn(size, B, width, dtype=module.kernel.dtype)
        for size, width in ((T, FEATURES), (1, H), (1, H))
    )
    given = x.transpose(0, 1) if module.batch_first else x
    wanted = module(given, (h, c))
    assert_same(layer(given, (h, c)), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
def test_outputs_and_states(batch_first, dtype):
    module = module_of(dtype, batch_first=batch_first, forget_bias=2.5)
    layer = from_haste(module)
    agree(module, layer)
    assert_same(to_haste(layer).state_dict(), module.state_dict(), 0.0)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_haste_repeats_a_layer(bias):
    layer = carousel.LSTM(FEATURES, H, bias=bias, batch_first=True, dtype=torch.float64).eval()
    module = to_haste(layer)
    agree(module, layer)
    assert not module.training


def test_dropconnect_is_left_behind_in_evaluation_only():
    module = module_of(dropout=0.5)
    with pytest.raises(
        ValueError, match=r"^from_haste: DropConnect \(dropout=0.5\) is active, .*call module.eval"
    ):
        from_haste(module)
    agree(module, from_haste(module.eval()))


def test_zoneout_is_refused_until_it_is_off():
    module = module_of(zoneout=0.25).eval()
    with pytest.raises(
        ValueError, match="^from_haste: zoneout=0.25 acts in inference too, .*set module.zoneout = 0"
    ):
        from_haste(module)
    module.zoneout = 0
    agree(module, from_haste(module))


def test_what_haste_lacks_is_refused():
    with pytest.raises(
        ValueError, match="^to_haste: haste_pytorch.LSTM has num_layers=1 only, this layer has num_l"
    ):
        to_haste(carousel.LSTM(FEATURES, H, 2))
    with pytest.raises(TypeError, match="^from_haste takes a haste_pytorch.LSTM, got LSTM$"):
        from_haste(nn.LSTM(FEATURES, H))
    with pytest.raises(TypeError, match="^from_haste takes a haste_pytorch.LSTM, got LayerNormLSTM$"):
        from_haste(haste.LayerNormLSTM(FEATURES, H))
