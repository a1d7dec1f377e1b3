"""Derivatives of every order and mode, low precision, determinism."""

import torch
from torch.func import functional_call, jacrev, jvp, stack_module_state, vmap

from claims import Layer, claim, close

X = torch.randn(4, 2, 3, dtype=torch.float64)


def made(LSTM: Layer, **options) -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    layer = LSTM(3, 4, dtype=torch.float64, **options)
    return layer, {name: weight.detach() for name, weight in layer.named_parameters()}


@claim("Second derivatives (`gradgradcheck`)")
def second_derivatives(LSTM: Layer) -> None:
    layer, _ = made(LSTM)
    torch.autograd.gradgradcheck(lambda x: layer(x)[0], X.clone().requires_grad_())


@claim("… in float32, where its fastest kernel runs")
def second_derivatives_of_the_fast_kernel(LSTM: Layer) -> None:
    layer, x = LSTM(3, 4), X.float().requires_grad_()
    (slope,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert x.grad.abs().sum() > 0


@claim("Hessian-vector products")
def hessian_vector(LSTM: Layer) -> None:
    layer, _ = made(LSTM)

    def error(x: torch.Tensor) -> torch.Tensor:
        return layer(x)[0].square().sum()

    v = torch.randn_like(X)
    _, product = torch.autograd.functional.hvp(error, X, v)
    hessian = torch.autograd.functional.hessian(error, X).reshape(X.numel(), X.numel())
    close(product.flatten(), hessian @ v.flatten(), 1e-10)


@claim("Forward mode (`torch.func.jvp`)")
def forward_mode(LSTM: Layer) -> None:
    layer, weights = made(LSTM)
    layer, x, weights = layer.float(), X.float(), {name: one.float() for name, one in weights.items()}
    _, along = jvp(lambda x: functional_call(layer, weights, (x,))[0], (x,), (torch.ones_like(x),))
    assert along.abs().sum() > 0


@claim("`torch.func.vmap` over inputs")
def vmap_inputs(LSTM: Layer) -> None:
    layer, weights = made(LSTM)
    many = torch.stack([X, -X, 2 * X])
    close(
        vmap(lambda x: functional_call(layer, weights, (x,))[0])(many),
        torch.stack([layer(x)[0] for x in many]),
    )


@claim("`torch.func.vmap` over an ensemble's weights")
def vmap_weights(LSTM: Layer) -> None:
    layers = [made(LSTM)[0] for _ in range(3)]
    weights, buffers = stack_module_state(layers)
    outputs = vmap(lambda w, b: functional_call(layers[0], (w, b), (X,))[0])(weights, buffers)
    close(outputs, torch.stack([layer(X)[0] for layer in layers]))


@claim("`torch.func.jacrev`")
def reverse_jacobian(LSTM: Layer) -> None:
    layer, weights = made(LSTM)
    jacobian = jacrev(lambda x: functional_call(layer, weights, (x,))[0])(X)
    wanted = torch.autograd.functional.jacobian(lambda x: layer(x)[0], X)
    close(jacobian, wanted, 1e-10)


@claim("bfloat16, forward and backward")
def half_precision(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    wanted = layer(X.float())[0]
    layer = layer.to(torch.bfloat16)
    x = X.to(torch.bfloat16).requires_grad_()
    output, _ = layer(x)
    output.float().square().sum().backward()
    close(output.float(), wanted, 0.05)
    assert x.grad.dtype == torch.bfloat16


@claim("CPU autocast, forward and backward")
def autocast(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    wanted, _ = layer(X.float())
    with torch.autocast("cpu", torch.bfloat16):
        output, (h, c) = layer(X.float())
    output.float().square().sum().backward()
    close(output.float(), wanted, 0.05)
    assert output.dtype == h.dtype == torch.bfloat16


@claim("`torch.use_deterministic_algorithms(True)`")
def deterministic(LSTM: Layer) -> None:
    layer = LSTM(3, 4, num_layers=2)
    torch.use_deterministic_algorithms(True)
    try:
        runs = []
        for _ in range(2):
            layer.zero_grad()
            layer(X.float())[0].square().sum().backward()
            runs.append([weight.grad.clone() for weight in layer.parameters()])
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))
