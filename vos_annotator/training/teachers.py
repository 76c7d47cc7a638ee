"""Teachers: frozen networks whose answers a student is asked to come near.

For: the task. Knows the networks and their checkpoints.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from vos_annotator.mobilevos.checkpoint import find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.tiny_vit import load_mobilesam
from vos_annotator.training.unroll import Batch, Step, Unroll

STCN_SUFFIX = ".pth"


class Teacher:
    """A larger network that reads every frame before, and is told their true masks.

    Being told keeps its own mistakes out of what it teaches of later frames, which count as if
    a person had drawn them. Of all positions it reads as many as in use.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().requires_grad_(False)

    @classmethod
    def load(cls, name: str, device: torch.device) -> "Teacher":
        """Return the teacher of a checkpoint of ours, or of STCN's where it ends in .pth.

        Raises:
            UserError: There is none, or it cannot be read.
        """
        from vos_annotator.mobilevos.stcn import load_stcn

        is_stcn = Path(name).suffix == STCN_SUFFIX
        network = load_stcn(Path(name)) if is_stcn else load_checkpoint(find_checkpoint(name))[0]
        return cls(network.to(device, memory_format=torch.channels_last))

    @torch.no_grad()
    def propagate(self, batch: Batch) -> list[Step]:
        """Return what it says of frames 1.. of a batch."""
        return Unroll(self.network, batch).propagate(memory=0, is_told=True)

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return its backbone's features of images (B, 3, H, W) in [0, 1]."""
        return self.network.encode(images)[:3]


class FeatureTeacher:
    """An image encoder whose features tell what belongs together in any picture."""

    def __init__(self, encoder: nn.Module) -> None:
        self.encoder = encoder.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: str, device: torch.device) -> "FeatureTeacher":
        """Return the teacher of a MobileSAM encoder's ONNX file.

        Raises:
            UserError: It cannot be read.
        """
        encoder = load_mobilesam(Path(path))
        return cls(encoder.to(device, memory_format=torch.channels_last))

    @torch.no_grad()
    def look(self, images: Tensor) -> Tensor:
        """Return the features (B, 256, H/16, W/16) of images (B, 3, H, W) in [0, 1]."""
        return self.encoder(images)
