"""The layers on the card as their users call them: which kernel runs, what it gives, without a warning."""

import copy
import warnings

import torch

import carousel

B, T, INPUTS, H = 5, 11, 6, 24


def run(place, record) -> None:
    options = dict(num_layers=2, bidirectional=True, device=place.device)
    layers = {
        "plain": carousel.LSTM(INPUTS, H, **options),
        "plain, projection": carousel.LSTM(INPUTS, H, proj_size=7, **options),
        "vanilla": carousel.VanillaLSTM(INPUTS, H, **options),
        "augmented": carousel.AugmentedLSTM(INPUTS, H, proj_size=7, **options),
        "diagonal": carousel.LSTM(INPUTS, H, peephole="diagonal", **options),
    }
    for name, layer in layers.items():
        for ragged in False, True:
            record.attempt(f"{name}{', ragged' * ragged}", without_warning, check, place, layer, ragged)
    record.attempt("second derivative, plain", without_warning, check_second, place, layers["plain"])
    record.attempt("second derivative, vanilla", without_warning, check_second, place, layers["vanilla"])
    for name in "plain", "vanilla":
        record.attempt(f"autocast, {name}", without_warning, check_autocast, place, layers[name])
        record.attempt(f"compiled, {name}", without_warning, check_compiled, place, layers[name], seconds=90)


def gradients(layer, x, lengths):
    output, last = layer(x, lengths=lengths)
    error = output.sin().sum() + sum(part.cos().sum() for part in last)
    return output.detach(), torch.autograd.grad(error, [x, *layer.parameters()])


def distance(got, wanted) -> float:
    return max(
        ((a - b).abs().max() / b.abs().max().clamp(min=1e-3)).item() for a, b in zip(got, wanted, strict=True)
    )


def without_warning(check, *arguments) -> dict:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return check(*arguments)


def check(place, layer, ragged) -> dict:
    x = torch.randn(T, B, INPUTS, device=place.device, requires_grad=True)
    lengths = torch.tensor([3, T, 1, 7, T]) if ragged else None
    output, found = gradients(layer, x, lengths)
    with carousel.use_kernel("eager"):
        wanted, exact = gradients(
            copy.deepcopy(layer).double(), x.detach().double().requires_grad_(), lengths
        )
    error = max(distance([output], [wanted]), distance(found, exact))
    told = carousel.explain(layer, x, lengths=lengths)
    # cuDNN may multiply in tf32, as PyTorch lets it by default.
    limit = 5e-3 if told.kernel == "cudnn" and torch.backends.cudnn.allow_tf32 else 1e-4
    return dict(
        kernel=told.kernel,
        reason=told.reason,
        error=error,
        fault="" if error <= limit else "beyond the limit",
    )


def check_second(place, layer) -> dict:
    x = torch.randn(T, B, INPUTS, device=place.device, requires_grad=True)

    def curvature():
        output, _ = layer(x)
        (slope,) = torch.autograd.grad(output.square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), [x, *layer.parameters()])

    found = curvature()
    with carousel.use_kernel("eager"):
        error = distance(found, curvature())
    return dict(error=error, fault="" if error <= 1e-2 else "beyond the limit")


def check_autocast(place, layer) -> dict:
    x = torch.randn(T, B, INPUTS, device=place.device, requires_grad=True)
    with torch.autocast(place.device.type, torch.bfloat16):
        told, (output, found) = carousel.explain(layer, x), gradients(layer, x, None)
    with carousel.use_kernel("eager"):
        wanted, exact = gradients(layer, x, None)
    error = max(distance([output], [wanted]), distance(found, exact))
    fault = "eager ran" if told.kernel == "eager" else "" if error <= 6e-2 else "beyond the limit"
    return dict(kernel=told.kernel, error=error, fault=fault)


def check_compiled(place, layer) -> dict:
    x = torch.randn(T, B, INPUTS, device=place.device, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own
        backend = "aot_eager" if place.is_rehearsal else "inductor"
        compiled = torch.compile(layer, fullgraph=True, backend=backend)
        output, _ = compiled(x)
        found = torch.autograd.grad(output.square().sum(), [x, *layer.parameters()])
    output, _ = layer(x)
    error = distance(found, torch.autograd.grad(output.square().sum(), [x, *layer.parameters()]))
    return dict(error=error, fault="" if error <= 5e-3 else "beyond the limit")
