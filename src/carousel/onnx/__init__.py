"""Layers as ONNX files. Needs the extra `export`; `import carousel` alone does not bring this in."""

try:
    from carousel.onnx._export import export as export
except ModuleNotFoundError as error:
    if error.name != "onnx":
        raise
    raise ImportError(
        "carousel.onnx needs the package onnx; run pip install 'carousel-lstm[export]'"
    ) from error
