"""Workers of a Ray cluster: tasks on whatever machines it has, each with its share of them.

For: the `batch` command with `--ray`. Knows Ray, an extra; nothing of what a task does.

Every machine needs this program installed, and must reach inputs and outputs under the same
names: a shared disk, or a store by its URL. A task whose machine or process is gone is run again
elsewhere. Two of them may even run at once, if a machine is only taken for gone: what they write
is the same.
"""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import ray

from vos_annotator.batch.run import Ended
from vos_annotator.batch.work import Divided, Done, Engines, Task, work
from vos_annotator.core.errors import UserError

LOCAL = "local"
_PATIENCE = 20  # s until a machine answers; Ray itself asks one that does not for minutes
_RETRIES = 5  # of a task whose machine went
_AHEAD = 2  # tasks handed out for each that can run: no machine waits for the next one
_engines: Engines = {}  # of the process on the cluster, which serves one task after the other


class Cluster:
    """A pool of what a Ray cluster has.

    Attributes:
        room: How many tasks are handed out at once; more when machines join.
    """

    def __init__(self, address: str, cpus: float = 1, gpus: float = 0) -> None:
        """Join a cluster.

        Args:
            address: Of its head; "local" begins one on this machine, for as long as this lasts.
            cpus: Cores that a task has for itself.
            gpus: GPUs, or a share of one.

        Raises:
            UserError: There is no such cluster, or it has not what a task is to have.
        """
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            _join(address)
        self._cpus, self._gpus = cpus, gpus
        self._remote = ray.remote(do).options(
            num_cpus=cpus, num_gpus=gpus, max_retries=_RETRIES, scheduling_strategy="SPREAD"
        )
        self._running: dict[Any, Task] = {}
        if self.slots < 1:
            self.close()
            raise UserError(
                f"The cluster at {address} has no machine with {cpus:g} CPUs and {gpus:g} GPUs for "
                "a task: give it more, or a task less."
            )

    @property
    def slots(self) -> int:
        """How many tasks can run at once, by the resources that the cluster has now."""
        has = ray.cluster_resources()
        by_cpus = has.get("CPU", 0) / self._cpus
        return int(min(by_cpus, has.get("GPU", 0) / self._gpus) if self._gpus else by_cpus)

    @property
    def room(self) -> int:
        """How many tasks it is good to have handed out."""
        return max(1, _AHEAD * self.slots)

    def submit(self, task: Task) -> None:
        """Hand a task to the cluster."""
        self._running[self._remote.remote(task)] = task

    def next(self) -> Ended:
        """Wait until a task has ended."""
        ready, _ = ray.wait(list(self._running))
        task = self._running.pop(ready[0])
        return Ended(task, _result(ready[0]))

    def close(self) -> None:
        """Give up whatever is worked on, and leave the cluster."""
        for reference in self._running:
            ray.cancel(reference, force=True)
        self._running.clear()
        if self._is_ours:
            ray.shutdown()


def do(task: Task) -> Done | Divided:
    """Do a task in a process of the cluster, whose engines stay loaded for the next one."""
    import cv2

    # Ray gives a process as many threads as its task has cores.
    cv2.setNumThreads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return work(task, _engines)


def _result(reference: Any) -> Done | Divided:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Done(error=f"The cluster gave it up: {lines[0]}", report=str(error))


def _join(address: str) -> None:
    # A cluster of this machine's own needs no usage report and no page that shows it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        if address == LOCAL:
            ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
        else:
            _knock(address)
            ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"There is no Ray cluster at {address} ({str(error).splitlines()[0]}): start one with "
            "ray start --head, or give --ray local."
        ) from error


def _knock(address: str) -> None:
    """Raise what keeps a connection from being made, if an address names a host and a port."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.hostname and parts.port:
        socket.create_connection((parts.hostname, parts.port), _PATIENCE).close()
