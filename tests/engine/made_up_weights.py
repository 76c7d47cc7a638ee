"""Checkpoints with random weights, for engines that come without any: by the engine's name."""

from pathlib import Path

import torch


def make_stcn(path: Path) -> None:
    """Write what the authors of STCN publish, but for what it has learnt."""
    from vos_annotator.mobilevos.stcn import STCN

    torch.manual_seed(0)
    torch.save(STCN().state_dict(), path)


MAKERS = {"stcn": make_stcn}
