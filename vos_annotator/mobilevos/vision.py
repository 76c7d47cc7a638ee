"""How the network sees pictures: sizes, precision, features, and what it remembers of them.

For: the engine and its close-ups. Knows torch, OpenCV and the network; nothing of videos.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.core.shrinking import covered, shrunk
from vos_annotator.mobilevos.boxes import Box, Boxes, scaled, whole
from vos_annotator.mobilevos.crops import TRACE, beside, cut, memorized
from vos_annotator.mobilevos.heads import STRIDE, Features, Look, Prepared
from vos_annotator.mobilevos.memory import MemoryFrame
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.patches import Patch, together
from vos_annotator.mobilevos.runtimes.runtime import Runtime, TorchRuntime

MOST_ENLARGED = 2.0


def best_device() -> torch.device:
    """Return CUDA or Apple's GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def working_size(shape: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the height and width the network sees a frame of `shape` at.

    Multiples of 16, the short side about `short_side`. A small frame is enlarged, as far as
    it shows more: small and thin objects are lost at a stride of 16 otherwise.
    """
    scale = min(MOST_ENLARGED, short_side / min(shape))
    height, width = (max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in shape)
    return height, width


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width, in positions, of a picture of `size`."""
    return size[0] // STRIDE, size[1] // STRIDE


def is_same(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    """Return whether two pictures are equal, as frames of a still are; quick where they are not."""
    if a is b:
        return True
    return a.shape == b.shape and (a[::16, ::16] == b[::16, ::16]).all() and np.array_equal(a, b)


@dataclass(frozen=True, eq=False)
class View:
    """A picture as the network sees it.

    Attributes:
        source: (H', W', 3) uint8 RGB, that it was made from.
        window: Which positions of it are seen.
        image: (1, 3, H, W) in [0, 1], of the window.
        look: What the network computes of it, whatever the objects.
        runtime: What looked.
    """

    source: NDArray[np.uint8]
    window: Box
    image: Tensor
    look: Look
    runtime: Runtime

    @property
    def key(self) -> Tensor:
        """(1, C, H/16, W/16) key of the image."""
        return self.look.key

    @cached_property
    def for_values(self) -> Prepared:
        """What the values of its objects share, in all of it."""
        return self.runtime.for_values(self.look, self.image)

    @cached_property
    def for_masks(self) -> Prepared:
        """What the masks of its objects share, in all of it."""
        return self.runtime.for_masks(self.look)


class Vision:
    """A network on a device.

    Attributes:
        network: In evaluation mode.
        device: Where it runs.
        runtime: What runs it.
        works_in_parts: Whether objects are computed where they are, not in the whole picture.
    """

    def __init__(self, network: Network) -> None:
        """Put a network on the best device, where torch runs it until there is a better one."""
        self.device = best_device()
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.runtime: Runtime = TorchRuntime(self.network)
        # Elsewhere many small parts take longer than a few large ones.
        self.works_in_parts = network.is_local and self.device.type == "cpu"

    def look_at(self, image: NDArray[np.uint8], size: tuple[int, int]) -> View:
        """Return an RGB image (H', W', 3) as it is seen at a height and width; see `look_in`."""
        return self.look_in(image, size, (whole(grid_of(size)),))[0]

    def look_in(
        self, image: NDArray[np.uint8], size: tuple[int, int], windows: Boxes
    ) -> tuple[View, ...]:
        """Return what is seen in windows of an image (H', W', 3).

        Args:
            image: RGB.
            size: Height and width that all of it would be seen at, multiples of 16.
            windows: Which positions of it are seen.
        """
        large = None
        if size[0] > image.shape[0]:
            large = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
        views = []
        for window in windows:
            box = scaled(window, STRIDE)
            pixels = shrunk(image, size, box) if large is None else large[box]
            seen = torch.from_numpy(pixels).to(self.device)
            tensor = (
                seen.permute(2, 0, 1)[None].float(memory_format=torch.contiguous_format).div_(255)
            )
            views.append(View(image, window, tensor, self.runtime.look(tensor), self.runtime))
        return tuple(views)

    def shrink(self, masks: list[NDArray[np.bool_]], view: View) -> Tensor:
        """Return masks of the view's source at its size, (K, H, W), as the share they cover."""
        height, width = view.image.shape[2:]
        small = np.empty((len(masks), height, width), np.float32)
        for n, mask in enumerate(masks):
            if height <= mask.shape[0]:
                small[n] = covered(mask, (height, width))
            else:
                plain, size = mask.astype(np.float32), (width, height)
                small[n] = cv2.resize(plain, size, interpolation=cv2.INTER_LINEAR)
        return torch.from_numpy(small).to(self.device)

    def remember(
        self,
        view: View,
        ids: tuple[int, ...],
        masks: Sequence[Patch],
        everyone: Tensor | None = None,
        elsewhere: Sequence[Tensor | None] | None = None,
    ) -> MemoryFrame:
        """Return the memory frame of a view.

        Args:
            view: What is seen.
            ids: K objects.
            masks: Theirs.
            everyone: (H, W), of all objects together; None if `masks` are all there are.
            elsewhere: What the value of each object is far from it, as of `memorized`; None if
                that is to be looked at.
        """
        key = view.key.flatten(2)
        if not ids:
            return MemoryFrame(key, {})
        if everyone is None:
            everyone = together(masks, tuple(view.image.shape[2:]))
        if not self.works_in_parts:
            each = whole(tuple(view.key.shape[2:]))
            pairs = torch.stack([beside(mask.within(each), everyone) for mask in masks])
            values = self.runtime.memorize(pairs, view.for_values).split(1)
        else:
            trace = TRACE  # along a pass; what a person drew is there, however small
            if elsewhere is None:
                trace, elsewhere = 0.0, self._elsewhere(view, everyone, len(ids))
            values_in = partial(self._values_in, view)
            carried = self.network.value.carried
            lanes = self.runtime.lanes
            values = memorized(values_in, masks, everyone, elsewhere, carried, trace, lanes)
        return MemoryFrame(key, {i: v.flatten(2) for i, v in zip(ids, values, strict=True)})

    def _elsewhere(self, view: View, everyone: Tensor, count: int) -> list[Tensor | None]:
        """Return what the values of objects are far from them: of several, that of nobody."""
        if count == 1:
            return [None]
        pair = beside(torch.zeros_like(everyone), everyone)
        return [self.runtime.memorize(pair[None], view.for_values)] * count

    def _values_in(
        self, view: View, pairs: Sequence[Tensor], boxes: Sequence[Sequence[Box]], is_all: bool
    ) -> list[Tensor]:
        """Return the values of masks in boxes; see `memorized`."""
        width, runtime = view.image.shape[3], self.runtime
        if is_all:  # what the picture gives is computed once
            prepared = [cut(view.for_values, width, each) for each in boxes]
            return runtime.each(runtime.memorize, pairs, prepared)
        seen = [cut((*view.look, view.image), width, each) for each in boxes]

        def value(masks: Tensor, seen: Prepared) -> Tensor:
            *look, image = seen
            return runtime.memorize(masks, runtime.for_values(Look(*look), image))

        return runtime.each(value, pairs, seen)

    def logits_in(
        self, view: View, reads: Sequence[Tensor], boxes: Sequence[Sequence[Box]], is_all: bool
    ) -> list[Tensor]:
        """Return logits (B, 1, 4 h, 4 w) of what was read, (B, C_v, h, w); see `decoded`."""
        width, runtime = view.image.shape[3], self.runtime
        if is_all:  # what the picture gives is computed once
            prepared = [cut(view.for_masks, width, each) for each in boxes]
            return runtime.each(runtime.decode, reads, prepared)
        looks = [Look(*cut(view.look, width, each)) for each in boxes]

        def logits(read: Tensor, look: Look) -> Tensor:
            return runtime.decode(read, runtime.for_masks(look))

        return runtime.each(logits, reads, looks)

    def features(self, view: View) -> Features:
        """Return what the network's own heads take of a view, in single precision."""
        return self.network.complete(Look(*(each.float() for each in view.look)))

    def value(self, view: View, masks: Tensor, others: Tensor) -> Tensor:
        """Return values (K, C_v, H/16, W/16) of masks (K, 1, H, W) beside others, in [0, 1]."""
        return self.runtime.memorize(torch.cat([masks, others], 1), view.for_values)

    def decode(self, read: Tensor, view: View) -> Tensor:
        """Return logits (K, 1, H/4, W/4) of what K objects read."""
        return self.runtime.decode(read, view.for_masks)
