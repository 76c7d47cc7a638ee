"""The light that a batch of clips is seen in, and how badly they are stored, with torch.

For: `atlas_scenes`. Knows `sheets` and torch; `scenes` does the same with OpenCV.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.training.sheets import Sheet

_GREY = (0.299, 0.587, 0.114)
# Annex K of the JPEG standard (ITU-T T.81): steps of the frequencies of light and colour.
_LIGHT_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_COLOUR_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
_BLOCK = 8


class Lamp:
    """Lights batches on a device."""

    def __init__(self, device: torch.device) -> None:
        n = torch.arange(_BLOCK, dtype=torch.float64)
        basis = torch.cos((2 * n + 1) * n[:, None] * math.pi / (2 * _BLOCK)) / 2
        basis[0] /= math.sqrt(2)
        self._basis = basis.float().to(device)
        self._light_steps = torch.tensor(_LIGHT_STEPS, dtype=torch.float32, device=device)
        self._colour_steps = torch.tensor(_COLOUR_STEPS, dtype=torch.float32, device=device)

    def light(self, images: Tensor, sheet: Sheet) -> Tensor:
        """Return frames as they are filmed and stored.

        Args:
            images: (R, S, S, 3) in 0..255; S is a multiple of 16.
            sheet: Says how.

        Returns:
            (R, S, S, 3), whole numbers from 0 to 255.
        """
        gamma, gain, grey = (each[:, None, None] for each in (sheet.gamma, sheet.gain, sheet.grey))
        images = ((images / 255).clamp(0, 1) ** gamma * gain * 255).clamp(0, 255).floor()
        images = torch.lerp(images, _brightness(images)[..., None].expand_as(images), grey)
        if len(sheet.blurred):
            images[sheet.blurred] = blurred(images[sheet.blurred], sheet.boxes)
        if len(sheet.stored):
            images[sheet.stored] = self.store(images[sheet.stored], sheet.qualities)
        return images.round()

    def store(self, images: Tensor, qualities: Tensor) -> Tensor:
        """Return (Q, S, S, 3) as JPEGs of qualities (Q,) in 1..100, colours at half size."""
        light = _brightness(images)
        blue, red = (images[..., 2] - light) / 1.772, (images[..., 0] - light) / 1.402
        colours = F.avg_pool2d(torch.stack([blue, red], 1), 2)
        factor = torch.where(qualities < 50, 50 / qualities, 2 - qualities / 50)
        light = self._quantised(light[:, None] - 128, self._light_steps, factor)[:, 0] + 128
        colours = self._quantised(colours, self._colour_steps, factor)
        colours = F.interpolate(colours, scale_factor=2, mode="bilinear", align_corners=False)
        blue, red = light + 1.772 * colours[:, 0], light + 1.402 * colours[:, 1]
        green = (light - _GREY[0] * red - _GREY[2] * blue) / _GREY[1]
        return torch.stack([red, green, blue], -1).clamp(0, 255)

    def _quantised(self, planes: Tensor, steps: Tensor, factor: Tensor) -> Tensor:
        """Return planes (Q, C, h, w) whose blocks hold whole steps of each frequency."""
        table = (steps * factor[:, None, None]).round().clamp(1, 255)[:, None, None, None]
        height, width = planes.shape[-2:]
        blocks = planes.unflatten(-1, (width // _BLOCK, _BLOCK))
        blocks = blocks.unflatten(-3, (height // _BLOCK, _BLOCK)).transpose(-3, -2)
        frequencies = self._basis @ blocks @ self._basis.T
        blocks = self._basis.T @ ((frequencies / table).round() * table) @ self._basis
        return blocks.transpose(-3, -2).flatten(-2).flatten(-3, -2)


def blurred(images: Tensor, boxes: Tensor) -> Tensor:
    """Return (Q, S, S, 3) blurred with boxes of sides (x, y) of 1, 3 or 5 px."""
    for axis, sides in ((2, boxes[:, 0]), (1, boxes[:, 1])):
        half = (sides - 1) / 2
        pad = (2, 2, 0, 0) if axis == 2 else (0, 0, 2, 2)
        padded = F.pad(images.permute(0, 3, 1, 2), pad, mode="reflect").permute(0, 2, 3, 1)
        total = torch.zeros_like(images)
        for step in range(-2, 3):
            weight = (half >= abs(step)) / sides
            part = padded.narrow(axis, 2 + step, images.shape[axis])
            total += part * weight[:, None, None, None]
        images = total
    return images


def _brightness(images: Tensor) -> Tensor:
    red, green, blue = images.unbind(-1)
    return _GREY[0] * red + _GREY[1] * green + _GREY[2] * blue
