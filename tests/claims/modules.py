"""What models, trainers and tools do to a module."""

import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from claims import CLASSES, Layer, claim, close

X = torch.randn(6, 2, 3)


@claim("`flatten_parameters()`, `all_weights`, `mode`")
def rnn_base(LSTM: Layer) -> None:
    layer = LSTM(3, 4, num_layers=2)
    layer.flatten_parameters()
    assert [[weight.shape[0] for weight in run] for run in layer.all_weights] == [[16] * 4] * 2
    assert layer.mode == "LSTM"


@claim("`repr` shows what is not default")
def shown(LSTM: Layer) -> None:
    assert repr(LSTM(3, 4, num_layers=2, batch_first=True)) == "LSTM(3, 4, num_layers=2, batch_first=True)"


@claim("`copy.deepcopy`, `pickle`")
def copies(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        close(again(X)[0], layer(X)[0], 0)
        with torch.no_grad():
            again.weight_hh_l0.zero_()
        assert layer.weight_hh_l0.abs().sum() > 0


@claim("`state_dict` of `torch.nn.LSTM`, strict, both ways, `weights_only=True`")
def state_dict(LSTM: Layer) -> None:
    layer, file = LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2), io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    theirs = nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2)
    theirs.load_state_dict(torch.load(file, weights_only=True))
    close(theirs(X)[0], layer(X)[0])
    layer.load_state_dict(nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2).state_dict())


@claim("`parametrize`, `weight_norm`, `spectral_norm` on a weight")
def parametrized(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    before = layer(X)[0]
    parametrizations.weight_norm(layer, "weight_hh_l0")
    close(layer(X)[0], before)
    parametrizations.spectral_norm(layer, "weight_ih_l0")
    layer(X)[0].sum().backward()
    assert layer.parametrizations.weight_hh_l0.original0.grad.abs().sum() > 0
    parametrize.remove_parametrizations(layer, "weight_hh_l0")
    assert isinstance(layer.weight_hh_l0, nn.Parameter)


@claim("A weight replaced by a plain tensor (DropConnect as in AWD-LSTM)")
def replaced(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    raw = nn.Parameter(layer.weight_hh_l0.detach().clone())
    del layer._parameters["weight_hh_l0"]
    layer.weight_hh_l0 = raw * 2
    doubled = copy.deepcopy(LSTM(3, 4))
    doubled.load_state_dict({**layer.state_dict(), "weight_hh_l0": raw.detach() * 2})
    output, _ = layer(X)
    close(output, doubled(X)[0])
    output.sum().backward()
    assert raw.grad.abs().sum() > 0


@claim("Pruning (`torch.nn.utils.prune`)")
def pruned(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    prune.l1_unstructured(layer, "weight_hh_l0", amount=0.5)
    before = layer(X)[0]
    prune.remove(layer, "weight_hh_l0")
    close(layer(X)[0], before)
    assert (layer.weight_hh_l0 == 0).sum() == 32


@claim("Meta device, then `to_empty` and `reset_parameters`")
def deferred(LSTM: Layer) -> None:
    with torch.device("meta"):
        layer = LSTM(3, 4)
    layer = layer.to_empty(device="cpu")
    torch.manual_seed(3)
    layer.reset_parameters()
    torch.manual_seed(3)
    close(layer(X)[0], LSTM(3, 4)(X)[0], 0)


@claim("Moves of dtype")
def moves(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    before = layer(X)[0]
    close(layer.double()(X.double())[0].float(), before)
    assert layer.bfloat16()(X.bfloat16())[0].dtype == torch.bfloat16


@claim("An optimiser keeps training what `load_state_dict` loaded")
def optimiser(LSTM: Layer) -> None:
    layer = LSTM(3, 4)
    descent = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer.load_state_dict(LSTM(3, 4).state_dict())
    before = layer.weight_hh_l0.detach().clone()
    layer(X)[0].square().sum().backward()
    descent.step()
    assert not torch.equal(layer.weight_hh_l0, before)


@claim("Replicas as `nn.DataParallel` makes them")
def replicas(LSTM: Layer) -> None:
    """A replica has its weights as plain tensors that are no parameters, and must use these."""
    layer = LSTM(3, 4)
    replica = layer._replicate_for_data_parallel()
    replica._former_parameters = {}
    for name, weight in layer.named_parameters():
        setattr(replica, name, weight * 2)
    doubled = LSTM(3, 4)
    doubled.load_state_dict({name: weight * 2 for name, weight in layer.state_dict().items()})
    close(replica(X)[0], doubled(X)[0])


DISTRIBUTED = """
import os, sys
import torch, torch.distributed as dist, torch.multiprocessing as mp
import carousel

def gradients(model, x):
    model(x)[0].square().mean().backward()
    return [weight.grad for weight in model.parameters()]

def work(rank, name, store):
    torch.set_num_threads(1)
    store = dist.FileStore(store, 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    LSTM = {"torch.nn.LSTM": torch.nn.LSTM, "carousel.LSTM": carousel.LSTM}[name]
    torch.manual_seed(0)
    layer, x = LSTM(3, 4, num_layers=2), torch.randn(6, 4, 3)
    wanted = gradients(layer, x)
    layer.zero_grad()
    model = torch.nn.parallel.DistributedDataParallel(layer)
    got = gradients(model, x[:, 2 * rank : 2 * rank + 2])
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    # Whoever leaves first breaks the connection of the other, even in the middle of a barrier of the group. And the
    # threads of a group outlive it now and then, which ends an orderly exit in SIGABRT.
    store.set(f"done {rank}", "")
    store.wait(["done 0", "done 1"])
    os._exit(0)

if __name__ == "__main__":
    mp.spawn(work, sys.argv[1:], nprocs=2)
"""


@claim("DistributedDataParallel: two processes, the gradients of one")
def distributed(LSTM: Layer) -> None:
    name = next(name for name, known in CLASSES.items() if known is LSTM)
    Path("work.py").write_text(DISTRIBUTED)
    store = Path(f"store of {name}").absolute()
    subprocess.run([sys.executable, "work.py", name, store], check=True, capture_output=True)
