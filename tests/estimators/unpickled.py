"""What a pickle would import."""

import io
import pickle
from typing import Any


class _Noting(pickle.Unpickler):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.found: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.found.add(module.partition(".")[0] if not module.startswith("carousel") else f"{module}.{name}")
        return super().find_class(module, name)


def imports_of(estimator: Any) -> set[str]:
    """Packages, and names of this library, that the pickle of an estimator names."""
    unpickler = _Noting(pickle.dumps(estimator))
    unpickler.load()
    return unpickler.found
