import cv2
import numpy as np
import pytest

from vos_annotator.core.errors import UserError
from vos_annotator.rendering.pictures import SIDE, draw_picture, find_photographs, pattern


@pytest.mark.parametrize("seed", range(12))
def test_a_pattern_repeats_without_a_seam(seed):
    tile = pattern(np.random.default_rng(seed)).astype(int)

    for axis in (0, 1):
        steps = np.abs(np.diff(tile, axis=axis, append=np.take(tile, [0], axis=axis)))
        by_line = steps.mean(axis=(1 - axis, 2))
        assert by_line[-1] <= by_line[:-1].max() + 1


def test_patterns_differ_and_are_neither_black_nor_white():
    tiles = [pattern(np.random.default_rng(seed)) for seed in range(12)]

    assert len({tile.tobytes() for tile in tiles}) == 12
    assert all(30 < tile.mean() < 240 for tile in tiles)


def test_photographs_are_found_below_a_folder_and_masks_are_not(tmp_path):
    for folder in ("a/images", "a/masks"):
        (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / "x.png"), np.zeros((4, 4, 3), np.uint8))

    assert find_photographs(tmp_path) == (tmp_path / "a" / "images" / "x.png",)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no pictures"):
        find_photographs(tmp_path / "empty")
    assert find_photographs(None) == ()


def test_a_photograph_is_shown_upright_or_mirrored_and_a_broken_one_is_replaced(tmp_path):
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:30] = (0, 0, 255)  # the upper half red, in BGR
    cv2.imwrite(str(tmp_path / "x.png"), pixels)
    (tmp_path / "y.png").write_bytes(b"")
    good, empty = tmp_path / "x.png", tmp_path / "y.png"
    drawn = [draw_picture(np.random.default_rng(seed), (good,)) for seed in range(20)]

    assert {picture.shape for picture in drawn} == {(SIDE, SIDE, 3)}
    is_photo = [tuple(picture[10, 10]) == (255, 0, 0) for picture in drawn]
    assert sum(is_photo) > 10
    assert draw_picture(np.random.default_rng(0), (empty,)).std() > 5
