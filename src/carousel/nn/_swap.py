"""Replace the LSTMs inside a model where they stand."""

import warnings

from torch import nn

from carousel.nn._convert import adopted
from carousel.nn.lstm import LSTM, SHARED_SETTINGS

TorchLSTM = nn.LSTM  # torch's, even where someone sets torch.nn.LSTM to another class later


def swap_lstms(model: nn.Module) -> dict[str, LSTM]:
    """Replace every `torch.nn.LSTM` inside a model, in place, by an `LSTM` that computes the same.

    The new layers hold the very parameters of the old ones: an optimiser made before goes on training them, and
    `state_dict` has the same names. An `nn.LSTM` that is more than one, by a subclass, a parametrisation, hooks,
    a `forward` of its own or further parameters, buffers or modules, stays as it is, and a warning says so.

    Args:
        model: whatever has an `nn.LSTM` in it, on any device.

    Returns:
        The new layers by their names in the model; one that stands in two places has two names.

    Raises:
        TypeError: the model is itself an `nn.LSTM`, which cannot be replaced from within.
    """
    if isinstance(model, TorchLSTM):
        raise TypeError(
            "swap_lstms replaces the torch.nn.LSTM modules inside a model and got one by itself; "
            "use carousel.LSTM.from_torch(module)"
        )
    found = [
        (name, module)
        for name, module in model.named_modules(remove_duplicate=False)
        if isinstance(module, TorchLSTM)
    ]
    reasons = {name: reason for name, module in found if (reason := _more_than_an_lstm(module))}
    layers = {module: adopted(module, LSTM, SHARED_SETTINGS) for name, module in found if name not in reasons}
    swapped = {name: layers[module] for name, module in found if name not in reasons}
    for name, layer in swapped.items():
        model.set_submodule(name, layer)
    for name, reason in reasons.items():
        warnings.warn(f"swap_lstms leaves {name} as it is: {reason}", stacklevel=2)
    return swapped


def _more_than_an_lstm(module: nn.Module) -> str:
    """What a layer in the place of this module would lose, or nothing."""
    if type(module) is not TorchLSTM:
        return f"it is a {type(module).__name__}, which may do more than a torch.nn.LSTM"
    if hooks := [name for name, value in vars(module).items() if name.endswith("_hooks") and value]:
        return f"it has hooks ({', '.join(hooks)})"
    if "forward" in vars(module):
        return "its forward was replaced"
    members = {*module._parameters, *module._buffers, *module._modules}
    if more := sorted(members - set(module._flat_weights_names)):
        return f"it has more than its weights ({', '.join(more)})"
    return ""
