"""Less than single precision, where that is quicker.

For: whatever runs or trains a network in torch. Memory is read, and masks compete, in single
precision all the same: distances between keys are too fine for less.
"""

import torch


def favours_bfloat16(device: torch.device) -> bool:
    """Return whether a network is quicker in bfloat16 on a device.

    A CPU's matrix units make it three times as fast and instructions for it up to twice; without
    either it is slower. A GPU that would have to imitate it is not asked to.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def quickest(device: torch.device) -> torch.autocast:
    """Return the context in which a network computes, and learns, quickest on a device."""
    # Uncached: weights that were rounded once would not follow an optimizer.
    enabled = favours_bfloat16(device)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)
