"""Layers in several copies and several processes: replicas, DistributedDataParallel, sharded parameters."""

import subprocess
import sys

import pytest
import torch
from torch import nn

import carousel
from helpers import assert_same

X = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("make", [carousel.LSTM, carousel.AugmentedLSTM, carousel.RNN])
def test_a_replica_runs_on_its_own_copies_of_the_weights(make):
    """torch.nn.parallel.replicate, which wants GPUs, does this on each of them."""
    layer = make(3, 4, num_layers=2, bidirectional=True)
    wanted = layer(X)
    copies = {name: weight * 1.0 for name, weight in layer.named_parameters()}
    replica = layer._replicate_for_data_parallel()
    for name, weight in copies.items():
        setattr(replica, name, weight)
    before = {name: weight.detach().clone() for name, weight in layer.named_parameters()}
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    assert_same(replica(X), wanted, tolerance=0)
    replica(X)[0].sum().backward()
    assert all(weight.grad.abs().max() > 0 for weight in layer.parameters())
    for name, weight in layer.named_parameters():
        weight.data.copy_(before[name])
    assert_same(layer(X), wanted, tolerance=0)


def test_data_parallel_without_a_gpu_is_a_plain_call():
    layer = carousel.LSTM(3, 4)
    assert_same(nn.DataParallel(layer, dim=1)(X), layer(X), tolerance=0)


WORKER = """
import sys
import torch, torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
import carousel

torch.set_num_threads(1)
rank = int(sys.argv[1])
store = dist.FileStore(sys.argv[2], 2)
dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
x = torch.randn(5, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

def make():
    torch.manual_seed(0)
    return carousel.AugmentedLSTM(3, 4, num_layers=2, bidirectional=True, dtype=torch.float64)

def loss(model, x):
    return model(x)[0].square().mean()

alone = make()
loss(alone, x).backward()

def check(layer, whole):
    for name, weight in layer.named_parameters():
        wanted = getattr(alone, name).grad
        torch.testing.assert_close(whole(weight.grad), wanted, rtol=0, atol=1e-12)

mine = x[:, 2 * rank : 2 * rank + 2]
together = nn.parallel.DistributedDataParallel(make())
loss(together, mine).backward()
check(together.module, lambda gradient: gradient)

sharded = make()
fully_shard(sharded, mesh=init_device_mesh("cpu", (2,)))
loss(sharded, mine).backward()
check(sharded, lambda gradient: gradient.full_tensor())

# Whoever leaves first breaks the connection of the other, even in the middle of a barrier of the group.
store.set(f"done {rank}", "")
store.wait(["done 0", "done 1"])
dist.destroy_process_group()
print("same gradients")
"""


def test_two_processes_find_the_gradients_of_one(tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(rank), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        results = [worker.communicate(timeout=120) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [out.strip() for out, _ in results] == ["same gradients"] * 2, results
