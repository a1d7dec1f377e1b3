"""The C++ kernel in processes that another, which has run it on two threads, has started.

Here memory is not poisoned: torch would do that on threads, and hang in a forked process.
"""

import multiprocessing

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import carousel

pytestmark = pytest.mark.usefixtures("native")


def training_step():
    """A step large enough to be shared out."""
    torch.manual_seed(0)
    layer = carousel.LSTM(20, 65, dtype=torch.float64)
    output, _ = layer(torch.randn(20, 8, 20, dtype=torch.float64))
    output.sum().backward()
    return [output.detach().tolist(), layer.weight_hh_l0.grad.tolist()]


class Steps(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return training_step()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_in_another_process(method, torch_threads):
    """OpenMP's threads do not survive a fork: who waited for them would wait for ever."""
    torch_threads(2)
    wanted = training_step()
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply_async(training_step).get(timeout=60) == wanted


def test_in_the_workers_of_a_data_loader(torch_threads):
    torch_threads(2)
    wanted = training_step()
    loader = DataLoader(Steps(), batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=60)
    assert list(loader) == [wanted] * 4
