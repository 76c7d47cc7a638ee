"""Several processes that train one network together, as torchrun starts them, and are stopped.

For: the trainer. Knows torch.distributed and signals only. Without torchrun there is one
process, and what is for several does nothing.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is.

    Attributes:
        rank: From 0; 0 writes, prints and evaluates.
        count: All of them.
        device: Where this one computes.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this one speaks for all."""
        return self.rank == 0

    def wrap(self, task: nn.Module) -> nn.Module:
        """Return the task with its gradients averaged over the processes."""
        if self.count == 1:
            return task
        ids = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(task, device_ids=ids)

    def sharing(self, task: nn.Module, is_last: bool) -> AbstractContextManager[None]:
        """Return the context of a batch: a step's gradients are averaged with its last one only."""
        return nullcontext() if is_last or self.count == 1 else task.no_sync()

    def agree(self, value: float) -> float:
        """Return the first process's `value`: clocks differ, the end has to be one."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return shared.item()

    def wait(self) -> None:
        """Go on once all are here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started, for as long as the context lasts."""
    count, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    if count == 1:
        yield Processes(0, 1, device)
        return
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Processes(dist.get_rank(), count, device)
    finally:
        dist.destroy_process_group()


@contextmanager
def stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM call `stop`, for as long as the context lasts."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def ignore_ended_workers() -> None:
    """Let torch not raise wherever the program is when a worker process of a loader dies."""
    if hasattr(signal, "SIGCHLD"):  # Windows has none
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
