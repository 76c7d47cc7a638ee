"""Masks kept where they are not empty: equal to those of whole frames."""

import cv2
import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from vos_annotator.mobilevos.backbones import upsample
from vos_annotator.mobilevos.boxes import whole
from vos_annotator.mobilevos.patches import Patch, enlarged, patches_of, together

GRID = 5, 7  # positions
SHAPE = tuple(16 * side for side in GRID)

sides = st.tuples(st.integers(0, 4), st.integers(1, 5)).map(lambda s: slice(s[0], s[0] + s[1]))
boxes = st.tuples(sides, sides).map(
    lambda box: tuple(
        slice(side.start, min(side.stop, limit)) for side, limit in zip(box, GRID, strict=True)
    )
)


def whole_frame_of(patch: Patch) -> torch.Tensor:
    """Return a patch as a mask of all of the frame, put there pixel by pixel."""
    mask = torch.zeros(SHAPE)
    rows, columns = (slice(16 * side.start, 16 * side.stop) for side in patch.box)
    mask[rows, columns] = patch.mask
    return mask


def patch_in(box, seed: int) -> Patch:
    size = [16 * (side.stop - side.start) for side in box]
    return Patch(box, torch.rand(size, generator=torch.Generator().manual_seed(seed)))


@given(boxes, boxes)
def test_a_mask_within_any_box_is_what_the_whole_frame_shows_there(box, other):
    patch = patch_in(box, 0)
    rows, columns = (slice(16 * side.start, 16 * side.stop) for side in other)
    assert torch.equal(patch.within(other), whole_frame_of(patch)[rows, columns])


@given(st.lists(boxes, min_size=1, max_size=4))
def test_sums_and_shares_are_those_of_whole_frames(several):
    patches = [patch_in(box, n) for n, box in enumerate(several)]
    masks = torch.stack([whole_frame_of(patch) for patch in patches])
    torch.testing.assert_close(together(patches, SHAPE), masks.sum(0))
    shares = masks.unflatten(1, (GRID[0], 16)).unflatten(3, (GRID[1], 16)).mean((2, 4))
    for patch, mask, share in zip(patches, masks, shares, strict=True):
        torch.testing.assert_close(patch.shares(GRID), share)
        assert torch.equal(patches_of(mask[None])[0].within(whole(GRID)), mask)


@given(boxes, st.integers(0, 9))
def test_a_mask_enlarged_where_it_is_equals_the_whole_frame_enlarged(box, seed):
    chance = np.random.default_rng(seed)
    small = np.zeros((4 * GRID[0], 4 * GRID[1]), np.float32)
    rows, columns = (slice(4 * side.start + 1, 4 * side.stop - 1) for side in box)
    part = small[rows, columns]
    part[:] = chance.random(part.shape).round(seed % 2 + 1)
    log_odds = torch.logit(torch.from_numpy(small), 0.01).numpy()
    large = cv2.resize(log_odds, SHAPE[::-1], interpolation=cv2.INTER_LINEAR)
    expected = ((torch.from_numpy(large).sigmoid() - 0.01) / 0.98).clamp(0, 1)

    (patch,) = enlarged(torch.from_numpy(small)[None])

    torch.testing.assert_close(whole_frame_of(patch), expected, rtol=0, atol=1e-6)


def test_an_empty_mask_is_a_patch_without_anything():
    (patch,) = enlarged(torch.zeros(1, 4 * GRID[0], 4 * GRID[1]))
    assert not patch.within(whole(GRID)).any()
    assert patch.mask.numel() < 16 * 16 * 2


def test_an_enlarged_mask_has_a_sharp_border_where_it_was_and_stays_sure_elsewhere():
    mask = torch.zeros(1, 8, 8)
    mask[:, :, 3:] = 1

    (patch,) = enlarged(mask)
    found, plain = patch.within(whole((2, 2)))[None], upsample(mask[:, None], 4)[:, 0]

    assert found.shape == plain.shape == (1, 32, 32)
    assert (found[:, :, :8] == 0).all()
    assert (found[:, :, 16:] == 1).all()
    assert ((found > 0.5) == (plain > 0.5)).all()
    assert (found - 0.5).abs().mean() > (plain - 0.5).abs().mean()
