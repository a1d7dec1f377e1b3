"""A conversion whose library is not installed says what to install."""

import sys

import pytest

from carousel import convert

PIP = {
    "keras": "keras",
    "torchrecurrent": "torchrecurrent",
    "haste_pytorch": "--no-build-isolation haste-pytorch-cpu",
    "onnx": "'carousel-lstm[export]'",
}


@pytest.mark.parametrize(
    ("function", "package"),
    [
        ("from_keras", "keras"),
        ("to_keras", "keras"),
        ("from_torchrecurrent", "torchrecurrent"),
        ("to_torchrecurrent", "torchrecurrent"),
        ("from_haste", "haste_pytorch"),
        ("to_haste", "haste_pytorch"),
        ("from_onnx", "onnx"),
    ],
)
def test_a_missing_package_is_named_with_its_command(function, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as raised:
        getattr(convert, function)(None)
    assert str(raised.value) == f"{function} needs the package {package}; run pip install {PIP[package]}"


def test_what_is_missing_inside_a_package_is_said_as_it_is(monkeypatch, tmp_path):
    (tmp_path / "haste_pytorch.py").write_text("import haste_pytorch_lib_absent")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "haste_pytorch", raising=False)
    with pytest.raises(ModuleNotFoundError, match="haste_pytorch_lib_absent"):
        convert.from_haste(None)
