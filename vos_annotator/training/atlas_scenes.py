"""A whole batch of planned clips drawn at once with torch, from pictures in an atlas.

For: `batches`, where there is a GPU. Knows `atlas`, `atlas_light`, `atlas_strokes` and
`sheets`. It draws what `scenes` draws with OpenCV; the same code runs on a CPU.

Nothing here waits for the device: what decides the shape of anything comes with the sheet.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.training.atlas import Atlas
from vos_annotator.training.atlas_light import Lamp
from vos_annotator.training.atlas_strokes import draw_strokes
from vos_annotator.training.plans import (
    COVERED,
    COVERED_BLURRED,
    MAX_OBJECTS,
    SOFT,
    THIN_PLATE,
)
from vos_annotator.training.scenes import MIN_AREA
from vos_annotator.training.sheets import Group, Sheet
from vos_annotator.training.unroll import Batch

_AT_ONCE = 1 << 25  # pixels that are looked up at once: about 3 GB of what is in between


class Artist:
    """Draws batches of clips of one size.

    Attributes:
        atlas: Where the pictures are.
        size: Side of the canvas, S, px.
    """

    def __init__(self, atlas: Atlas, size: int) -> None:
        self.atlas, self.size = atlas, size
        device = atlas.pixels.device
        self._steps = torch.arange(size, device=device, dtype=torch.float32)
        self._thin_plate = torch.from_numpy(THIN_PLATE).to(device)
        self._objects = torch.arange(1, MAX_OBJECTS + 1, device=device, dtype=torch.uint8)
        self._lamp, self._generator = Lamp(device), torch.Generator(device)

    @torch.no_grad()
    def draw(self, sheet: Sheet, length: int) -> Batch:
        """Return the batch that a sheet describes; clips of `length` frames."""
        count, size = len(sheet.gain), self.size
        device = self._steps.device
        canvas = torch.zeros(count, size, size, 3, device=device)
        numbers = torch.zeros(count, size, size, device=device, dtype=torch.uint8)
        for group in sheet.groups:
            step = max(1, _AT_ONCE // (group.tile**2 * group.inverses.shape[1]))
            for first in range(0, len(group.rows), step):
                self._draw_group(_part(group, first, first + step), canvas, numbers)
        images = self._lamp.light(canvas, sheet).div_(255)
        images = images.unflatten(0, (length, -1)).permute(0, 1, 4, 2, 3)
        shown = numbers.unflatten(0, (length, -1))[:, sheet.owner]
        masks = (shown == sheet.number[:, None, None]).float()
        # An object that the first frame hides after all is told to be nowhere.
        masks *= (masks[0].mean((1, 2)) > MIN_AREA)[:, None, None]
        self._generator.manual_seed(sheet.seed)
        strokes = draw_strokes(masks[0], self._generator)
        return Batch(images, masks, sheet.owner, strokes, sheet.keyed)

    def _draw_group(self, group: Group, canvas: Tensor, numbers: Tensor) -> None:
        """Draw cels over the canvases and the objects' numbers, in place."""
        is_blurred = group.inverses.shape[1] > 1
        threshold = COVERED_BLURRED if is_blurred else COVERED
        x, y = self._places(group)
        if group.is_whole:
            colours, covers = self._look_whole(group, x, y)
            canvas[group.rows] = colours
            found = ((covers > threshold) * self._objects).amax(-1)
            numbers[group.rows] = found
            return
        colours, alpha = self._look(group, x, y)
        steps = torch.arange(group.tile, device=canvas.device)
        left, top = group.corners[..., None].unbind(1)
        tile = group.rows[:, None, None], (top + steps)[..., None], (left + steps)[:, None]
        canvas[tile] = canvas[tile] * (1 - alpha) + colours
        target = group.targets[:, None, None]
        numbers[tile] = torch.where(alpha[..., 0] > threshold, target, numbers[tile])

    def _places(self, group: Group) -> tuple[Tensor, Tensor]:
        """Return (J, N, s, s) columns and rows in its picture of each pixel of a tile."""
        a, b, c, d, e, f = group.inverses.flatten(2)[..., None, None].unbind(2)
        across, down = (group.corners[..., None] + self._steps[: group.tile]).unbind(1)
        across, down = across[:, None, None, :], down[:, None, :, None]
        x, y = a * across + b * down + c, d * across + e * down + f
        if group.bends is None:
            return x, y
        nodes = self._thin_plate @ group.bends.flatten(1, 2)  # (J, 81, 2)
        side = round(nodes.shape[1] ** 0.5)
        mesh = nodes.unflatten(1, (side, side)).permute(0, 3, 1, 2)
        sizes = self.atlas.sizes[group.pictures, group.levels].float()[..., None, None, None]
        width, height = sizes.unbind(1)
        at = torch.stack([x / (width - 1).clamp_min(1), y / (height - 1).clamp_min(1)], -1)
        away = F.grid_sample(
            mesh,
            at.flatten(1, 2) * 2 - 1,
            mode="bilinear",
            padding_mode="border",
            align_corners=True,
        )
        away = away.unflatten(2, x.shape[1:3])  # (J, 2, N, s, s)
        return x + away[:, 0] * width, y + away[:, 1] * height

    def _look_whole(self, group: Group, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return colours (J, s, s, 3), and how much objects 1 to 3 cover of each pixel."""
        colours, covers = 0.0, 0.0
        ids = group.ids[:, None, None, None, :]
        for pixel, weight in self.atlas.taps(group.pictures, group.levels, x, y, True):
            colours = colours + pixel[..., :3] * weight[..., None]
            covers = covers + (pixel[..., 3:] == ids) * weight[..., None]
        return colours.mean(1), covers.mean(1)

    def _look(self, group: Group, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return colours times alpha (J, s, s, 3), and alpha (J, s, s, 1) in [0, 1]."""
        shows = group.shows[:, None, None, None]
        colours, alpha = 0.0, 0.0
        for pixel, weight in self.atlas.taps(group.pictures, group.levels, x, y, False):
            label = pixel[..., 3]
            cover = torch.where(shows == SOFT, label / 255, (label == shows).float())
            alpha = alpha + cover * weight
            colours = colours + pixel[..., :3] * weight[..., None]
        alpha = torch.where(shows == SOFT, alpha, (2 * alpha - 1).clamp_min(0))[..., None]
        gains, biases = (each[:, None, None, None, :] for each in (group.gains, group.biases))
        colours = (colours * gains + biases).clamp(0, 255) * alpha
        return colours.mean(1), alpha.mean(1)


def _part(group: Group, first: int, stop: int) -> Group:
    fields = {
        name: value[first:stop] for name, value in vars(group).items() if torch.is_tensor(value)
    }
    return replace(group, **fields)
