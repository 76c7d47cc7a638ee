"""What an engine remembers of a reference, as bytes that outlive it, and when they count.

For: the engine. Knows memory frames and torch; nothing of where the bytes lie.
"""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError

from vos_annotator.mobilevos.bank import unpacked
from vos_annotator.mobilevos.memory import MemoryFrame
from vos_annotator.mobilevos.network import NetworkConfig

_FORMAT = 5  # changes when the bytes, or what is computed for them, do


def memory_mark(checkpoint: Path, *ways: object) -> str:
    """Return what stands for an engine's memory: its weights and its `ways` of computing."""
    mark = hashlib.blake2b(checkpoint.read_bytes(), digest_size=8)
    mark.update(repr((_FORMAT, torch.__version__, *ways)).encode())
    return mark.hexdigest()


def recalled(content: bytes, config: NetworkConfig) -> MemoryFrame | None:
    """Return the memory frame that was packed; None where a network would not make such a one."""
    try:
        entry = unpacked(content)
    except (SafetensorError, KeyError, ValueError):
        return None
    shapes = [(entry.key, config.key_dim), *((v, config.value_dim) for v in entry.values.values())]
    is_sound = all(
        tensor.dtype == torch.float16 and tensor.shape == (1, channels, entry.key.shape[-1])
        for tensor, channels in shapes
    )
    return entry if is_sound else None
