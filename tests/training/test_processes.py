"""Processes that train one network: what they share, and when."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from vos_annotator.training.processes import Processes


@pytest.fixture
def group(tmp_path):
    """A group of processes, of which there is this one only."""
    if not dist.is_available() or not dist.is_gloo_available():
        pytest.skip("torch was built without gloo")
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_a_step_of_several_batches_shares_its_gradients_once_and_they_are_those_of_all(group):
    processes, shared = Processes(0, 2, torch.device("cpu")), []
    task = processes.wrap(nn.Linear(2, 1, bias=False))

    def hook(_, bucket):
        shared.append(bucket.buffer().clone())
        future = torch.futures.Future()
        future.set_result(bucket.buffer())
        return future

    task.register_comm_hook(None, hook)
    for number, batch in enumerate(([1.0, 2.0], [10.0, 20.0], [100.0, 200.0])):
        with processes.sharing(task, is_last=number == 2):
            task(torch.tensor([batch])).sum().backward()

    assert [each.tolist() for each in shared] == [[111.0, 222.0]]
    assert task.module.weight.grad.tolist() == [[111.0, 222.0]]
