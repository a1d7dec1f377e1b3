"""Array shapes as type hints. Where jaxtyping is installed, as under the tests, they can be checked at run time."""

import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or importlib.util.find_spec("jaxtyping"):
    from jaxtyping import Float as Float
    from jaxtyping import Int as Int
else:

    class Float:
        """Stands in for `jaxtyping.Float`: any shape is as good as another."""

        def __class_getitem__(cls, shape: Any) -> Any:
            return shape[0]

    Int = Float
