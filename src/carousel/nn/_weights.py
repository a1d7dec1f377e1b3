"""The weights that a layer stores: torch's names for them, the paper's, and what a call demands of them."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy.typing as npt
import torch
from torch import Tensor, nn

from carousel import kernels
from carousel.nn._arguments import Init
from carousel.nn._initialisation import draw_orthogonal, draw_uniform, set_gate_biases

Run = tuple[int, bool]
"""A recurrence of a stack: which layer, and whether it runs from the last step to the first."""


class Weighted(nn.Module, ABC):
    """A module with the weights of one cell, or of one cell for each layer and direction.

    A concrete module says what its cell is, the shapes of its weights and how they map to the paper's symbols.
    Weights are stored under torch's names; `weight_ch` (state to nodes) is added where the cell has it.
    """

    cell: kernels.Cell
    input_size: int
    hidden_size: int
    proj_size: int
    bias: bool
    # Of the class, for modules without these arguments and those that were pickled before there were any.
    init: Init = "uniform"
    forget_bias: float | None = None
    chrono: int | None = None

    def _store(
        self,
        suffixes: Mapping[Run, str],
        device: torch.device | str | int | None,
        dtype: torch.dtype | None,
    ) -> None:
        """Make the weights of these runs, whose names end so, in torch's order, and draw them."""
        self._stored_as: dict[Run, dict[str, tuple[str, torch.Size]]] = {}
        for run, suffix in suffixes.items():
            shapes = self._shapes(run[0])
            self._stored_as[run] = {
                name: (name + suffix, torch.Size(shape)) for name, shape in shapes.items()
            }
            for suffixed, shape in self._stored_as[run].values():
                self.register_parameter(
                    suffixed, nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                )
        self.reset_parameters()

    @abstractmethod
    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Stored weights of one layer and direction, by torch's names without the suffix, in torch's order."""

    @abstractmethod
    def _as_symbols(self, stored: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
        """The paper's symbols as views of stored weights of one layer and direction; the bias is under `bias`."""

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _shown(self, **defaults: object) -> str:
        """The sizes, and which settings differ from these defaults and the cell's, as a repr has them."""
        shown = {name: getattr(self, name) for name in defaults}
        shown = {name: value for name, value in shown.items() if value != defaults[name]}
        for field in dataclasses.fields(self.cell):
            value = getattr(self.cell, field.name)
            if value != field.default and field.name != "projection":
                shown[field.name] = value
        settings = [f"{name}={value!r}" for name, value in shown.items()]
        return ", ".join([str(self.input_size), str(self.hidden_size), *settings])

    def _stored(self, layer: int, reverse: bool) -> dict[str, Tensor]:
        """The weights of one layer and direction by torch's names without the suffix."""
        places = self._stored_as[layer, reverse]
        return {name: getattr(self, suffixed) for name, (suffixed, _) in places.items()}

    @property
    def _first_weight(self) -> Tensor:
        """Stands for the dtype and device of all of them."""
        weight: Tensor = getattr(self, self._stored_as[0, False]["weight_ih"][0])
        return weight

    def reset_parameters(self) -> None:
        """Draw every weight anew, as the arguments `init`, `forget_bias` and `chrono` say where the layer has them."""
        if self.init == "uniform":
            draw_uniform(self.parameters(), self.hidden_size)
        for run in self._stored_as:
            if self.init == "orthogonal":
                draw_orthogonal(self._stored(*run), self.hidden_size)
            if self.forget_bias is not None or self.chrono is not None:
                stored = self._stored(*run)
                set_gate_biases(self.cell, stored, self.hidden_size, self.forget_bias, self.chrono)

    def symbols(self, layer: int = 0, reverse: bool = False) -> dict[str, Tensor]:
        """The weights of one layer and direction under the paper's names.

        Args:
            layer: index of the layer in the stack.
            reverse: the direction that runs from the last step to the first.

        Returns:
            From symbol to tensor, in the shapes of `carousel.equations`, which takes such a dict. The tensors are
            differentiable and share memory with the stored weights, except the biases, which are the sum of the two
            that are stored.

        Raises:
            IndexError: there is no such layer or direction.
        """
        self._check_run(layer, reverse)
        stored = self._stored(layer, reverse)
        if self.bias:
            stored["bias"] = stored["bias_ih"] + stored["bias_hh"]
        return self._as_symbols(stored, layer)

    def load_symbols(
        self, symbols: Mapping[str, Tensor | npt.ArrayLike], layer: int = 0, reverse: bool = False
    ) -> None:
        """Write weights given under the paper's names, in place.

        Nothing is written unless everything fits. Where two biases are stored, the second becomes zero.

        Args:
            symbols: exactly the names and shapes that `symbols(layer, reverse)` returns.
            layer: index of the layer in the stack.
            reverse: the direction that runs from the last step to the first.

        Raises:
            IndexError: there is no such layer or direction.
            ValueError: a name is missing or unknown, a shape does not fit, or a weight of the layer is computed
                from others (parametrised), so that there is nothing to write to.
        """
        self._check_run(layer, reverse)
        stored = self._stored(layer, reverse)
        if computed := [name for name, value in stored.items() if not isinstance(value, nn.Parameter)]:
            raise ValueError(
                f"load_symbols: {', '.join(computed)} of this layer is no parameter; undo what replaced it"
            )
        if self.bias:
            stored["bias"] = stored["bias_ih"]
        views = self._as_symbols(stored, layer)
        # Cloned, because they may be views of the very weights that are written.
        given = {name: torch.as_tensor(value).detach().clone() for name, value in symbols.items()}
        if missing := sorted(views.keys() - given.keys()):
            raise ValueError(f"load_symbols: {', '.join(missing)} missing; got {', '.join(sorted(given))}")
        if unknown := sorted(given.keys() - views.keys()):
            raise ValueError(
                f"load_symbols: {', '.join(unknown)} unknown; this layer has {', '.join(sorted(views))}"
            )
        for name, view in views.items():
            if given[name].shape != view.shape:
                raise ValueError(
                    f"load_symbols: {name} must have shape {list(view.shape)}, got {list(given[name].shape)}"
                )
        with torch.no_grad():
            for name, view in views.items():
                view.copy_(given[name])
            if self.bias:
                stored["bias_hh"].zero_()

    def _weights(self, layer: int, reverse: bool) -> kernels.Weights:
        """The weights of one layer and direction for a kernel, which trusts their shapes.

        Raises RuntimeError if one was replaced by what does not fit.
        """
        stored = self._stored(layer, reverse)
        dtype, device = stored["weight_ih"].dtype, stored["weight_ih"].device
        for name, (suffixed, shape) in self._stored_as[layer, reverse].items():
            weight = stored[name]
            if weight.shape != shape:
                raise RuntimeError(
                    f"{type(self).__name__}: {suffixed} must have shape {list(shape)}, got {list(weight.shape)}"
                )
            if weight.device != device:
                raise RuntimeError(
                    f"{type(self).__name__}: {suffixed} is on {weight.device}, weight_ih beside it on {device}; "
                    "a tensor in the place of a parameter does not move with the layer, so move it too"
                )
            if weight.dtype != dtype and not torch.is_autocast_enabled(device.type):
                raise RuntimeError(
                    f"{type(self).__name__}: {suffixed} is {weight.dtype}, weight_ih beside it {dtype}; "
                    "a tensor in the place of a parameter is not converted with the layer, so convert it too"
                )
        bias = kernels.summed(stored["bias_ih"], stored["bias_hh"]) if self.bias else None
        return kernels.Weights(
            stored["weight_ih"], stored["weight_hh"], stored.get("weight_ch"), bias, stored.get("weight_hr")
        )

    def _check_run(self, layer: int, reverse: bool) -> None:
        layers = {layer for layer, _ in self._stored_as}
        if layer not in layers:
            raise IndexError(f"layer must lie in 0..{max(layers)}, got {layer}")
        if (layer, reverse) not in self._stored_as:
            raise IndexError("this layer has no reverse direction: it was made with bidirectional=False")
