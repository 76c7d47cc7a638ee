"""How a run goes, between two lines of its log.

For: the trainer. Knows torch only.
"""

import torch


class Meter:
    """The mean of the losses, and the speed, since it was last read."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._reset()

    def _reset(self) -> None:
        self._losses: dict[str, list[torch.Tensor]] = {}
        self._seconds, self._clips = 0.0, 0

    def add(self, parts: dict[str, torch.Tensor], seconds: float, clips: int) -> None:
        """Count a step; its losses stay where they are, so that a GPU need not be waited for."""
        for name, value in parts.items():
            self._losses.setdefault(name, []).append(value)
        self._seconds += seconds
        self._clips += clips

    def take(self) -> tuple[float, dict[str, float]]:
        """Return clips a second of all processes, and the losses; and begin anew."""
        speed = self._processes * self._clips / max(self._seconds, 1e-9)
        losses = {name: torch.stack(values).mean().item() for name, values in self._losses.items()}
        self._reset()
        return speed, losses
