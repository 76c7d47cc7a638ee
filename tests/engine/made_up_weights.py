"""Checkpoints with random weights, for engines that come without any: by the engine's name.

Torch is imported where it is needed: tests of engines that do without it are quicker.
"""

from pathlib import Path


def make_stcn(path: Path) -> None:
    """Write what the authors of STCN publish, but for what it has learnt."""
    import torch

    from vos_annotator.mobilevos.stcn import STCN

    torch.manual_seed(0)
    torch.save(STCN().state_dict(), path)


def make_sam2(path: Path) -> None:
    """Write a checkpoint of SAM 2.1, tiny, that has learnt nothing."""
    import torch
    from sam2.build_sam import build_sam2

    torch.manual_seed(0)
    network = build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", device="cpu")
    torch.save({"model": network.state_dict()}, path)


MAKERS = {"stcn": make_stcn, "sam2": make_sam2}
