"""Pictures at half their size and below: labels stay on what they are labels of."""

import cv2
import numpy as np
import pytest

from vos_annotator.core.masks import encode_png
from vos_annotator.training.layers import draw_whole, halved, joined
from vos_annotator.training.material import Material
from vos_annotator.training.plans import WHOLE, Layer
from vos_annotator.training.sources import Sources, Still


def disk(height: int, width: int, at: tuple[float, float], radius: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return ((x - at[0]) ** 2 + (y - at[1]) ** 2 < radius**2).astype(np.uint8)


def middle(weights: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    weights = weights / weights.sum(dtype=np.float64)
    return np.array([(weights * x).sum(), (weights * y).sum()])


@pytest.mark.parametrize("shape", [(1080, 1920), (720, 1280)])
def test_labels_of_a_large_picture_lie_on_its_colours(tmp_path, shape):
    mask = disk(*shape, (shape[1] / 2, shape[0] / 2), shape[0] / 3)
    cv2.imwrite(str(tmp_path / "picture.png"), cv2.merge([mask * 255] * 3))
    (tmp_path / "mask.png").write_bytes(encode_png(mask))
    still = Still(tmp_path / "picture.png", tmp_path / "mask.png")
    picture = Material(Sources((still,), (), ()), {}).read(0)
    assert picture.shape[0] == 480
    np.testing.assert_allclose(middle(picture[..., 3]), middle(picture[..., 0]), atol=0.1)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("shape", [(480, 854), (481, 637)])
def test_halving_leaves_labels_and_colours_where_they_were(times, shape):
    mask = disk(*shape, (300.3, 200.6), 150)
    smaller = halved(joined(cv2.merge([mask * 255] * 3), mask), times, is_soft=False)
    assert smaller.shape[:2] == (shape[0] >> times, shape[1] >> times)
    wanted = np.array([300.3, 200.6]) / 2**times
    for channel in (0, 3):
        np.testing.assert_allclose(middle(smaller[..., channel]), wanted, atol=0.05)


@pytest.mark.parametrize("scale", [0.9, 0.5, 0.2])
def test_a_picture_is_drawn_where_its_way_leads_however_small(scale):
    mask = disk(480, 480, (300.3, 200.6), 120)
    size = round(480 * scale)
    way = np.array([[scale, 0, 3.5], [0, scale, 7.25]], np.float32)
    layer = Layer(np.zeros(1, np.int64), way[None, None], WHOLE)
    colours, numbers = draw_whole(joined(cv2.merge([mask * 255] * 3), mask), layer, 0, (1,), size)
    wanted = way[:, :2] @ (300.3, 200.6) + way[:, 2]
    np.testing.assert_allclose(middle(numbers), wanted, atol=0.15)
    np.testing.assert_allclose(middle(np.where(colours[..., 0] > 127, 1.0, 0)), wanted, atol=0.15)
