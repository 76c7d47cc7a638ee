"""Narrower heads made of wider ones: the strongest channels stay, as a start for training.

For: the command `train`. Knows torch and the names of the heads' weights.

A channel is strong whose weights, of all layers that write it and of all that read it, are
large. Every layer that meets it has to keep or to drop it alike, so channels that are added to
one another, or that a block hands on beside itself, are one *group*.

Source: Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017, by norm; here what reads
a channel counts as well as what writes it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

Weights = dict[str, Tensor]


class Group(NamedTuple):
    """Channels that stay or go together.

    Attributes:
        writers: Convolutions whose outputs they are.
        readers: Convolutions whose first inputs they are.
    """

    writers: tuple[str, ...]
    readers: tuple[str, ...]


def _inner(block: str) -> Group:
    return Group((f"{block}.conv1",), (f"{block}.conv2",))


GROUPS = (
    Group(("key",), ()),
    Group(("value.stride4",), ("value.down8",)),
    Group(("value.down8",), ("value.stride8",)),
    Group(("value.stride8",), ("value.down16",)),
    Group(("value.down16",), ("value.fuse.0.conv1", "value.fuse.0.shortcut")),
    _inner("value.fuse.0"),
    _inner("value.fuse.1"),
    _inner("decoder.fuse16"),
    Group(("decoder.fuse16.conv2", "decoder.fuse16.shortcut"), ("decoder.up8",)),
    *(
        group
        for stride, out in ((8, "up4"), (4, "out"))
        for group in (
            _inner(f"decoder.fuse{stride}"),
            Group(
                (
                    f"decoder.skip{stride}",
                    f"decoder.up{stride}",
                    f"decoder.carried{stride}",
                    f"decoder.fuse{stride}.conv2",
                ),
                (f"decoder.fuse{stride}.conv1", f"decoder.{out}"),
            ),
        )
    ),
)


def slimmed(wide: Weights, narrow: Weights) -> Weights:
    """Return the weights of a network whose heads have fewer channels.

    Args:
        wide: Of the network to take them from, with a `SharedValueEncoder`.
        narrow: Of the network to make: its shapes are what is asked for.

    Returns:
        Weights by name. What a group cannot bring to its shape has the shape that it had.
    """
    made = dict(wide)
    for group in GROUPS:
        wanted = narrow[f"{group.writers[0]}.weight"].shape[0]
        if wanted >= wide[f"{group.writers[0]}.weight"].shape[0]:
            continue
        strength = _strength(wide, group)
        kept = strength.topk(wanted).indices.sort().values
        for name in group.writers:
            for kind in ("weight", "bias"):
                made[f"{name}.{kind}"] = made[f"{name}.{kind}"][kept]
        for name in group.readers:
            weight = made[f"{name}.weight"]
            rest = torch.arange(len(strength), weight.shape[1])  # of a second input, beside them
            made[f"{name}.weight"] = weight[:, torch.cat([kept, rest])]
    return made


def _strength(weights: Weights, group: Group) -> Tensor:
    """Return how much the channels of a group carry, (C,)."""
    written = sum(weights[f"{name}.weight"].square().sum((1, 2, 3)) for name in group.writers)
    if not group.readers:
        return written
    read = sum(
        weights[f"{name}.weight"][:, : len(written)].square().sum((0, 2, 3))
        for name in group.readers
    )
    return written * read
