"""Less than single precision, where that is quicker.

For: whatever runs or trains a network in torch. Memory is read, and masks compete, in single
precision all the same: distances between keys are too fine for less.
"""

import torch


def favours_bfloat16(device: torch.device) -> bool:
    """Return whether a network is quicker in bfloat16 on a CPU.

    Matrix units make it three times as fast and instructions for it up to twice; without either
    it is slower.
    """
    if device.type != "cpu":
        return False
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def rounded(enabled: bool = True) -> torch.autocast:
    """Return the context in which a network on a CPU computes in bfloat16."""
    # Uncached: weights that were rounded once would not follow an optimizer.
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled, cache_enabled=False)


def quickest(device: torch.device) -> torch.autocast:
    """Return the context in which a network is quick on a device."""
    return rounded(enabled=favours_bfloat16(device))
