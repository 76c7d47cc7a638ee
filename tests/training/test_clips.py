"""Training clips: what they show, and the strokes drawn on them."""

import numpy as np
import pytest

from tests.training.small_data import write_pair, write_small_data
from vos_annotator.core.errors import UserError
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.sources import find_sources
from vos_annotator.training.strokes import draw_strokes


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_every_clip_shows_its_objects_first_and_masks_never_overlap(data, share):
    maker = ClipMaker(find_sources(data), ClipMix(length=3, size=64, video_share=share))
    rng = np.random.default_rng(0)
    for _ in range(25):
        clip = maker.make(rng)
        assert clip.images.shape == (3, 64, 64, 3)
        assert clip.masks.shape[0] == 3
        assert clip.masks[0].any((1, 2)).all()
        assert clip.masks.sum(1).max() <= 1


def test_the_same_seed_makes_the_same_clips(data):
    maker = ClipMaker(find_sources(data), ClipMix(length=3, size=64))
    first, second = (maker.make(np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.masks, second.masks)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no training data"):
        find_sources(tmp_path)


def test_a_picture_without_a_mask_is_named_and_skipped(tmp_path, caplog):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_pair(tmp_path / "stills" / "s", name, 60, rng)
    (tmp_path / "stills" / "s" / "masks" / "a.png").unlink()
    assert len(find_sources(tmp_path).stills) == 1
    assert "a.jpg" in caplog.text


def test_some_strokes_reach_the_thin_parts_of_an_object():
    mask = np.zeros((96, 96), bool)
    mask[40:70, 10:40] = True
    mask[54:57, 40:80] = True  # a tail
    rng = np.random.default_rng(0)
    reached = [draw_strokes(mask, rng)[0][:, 60:].any() for _ in range(60)]
    assert 15 < sum(reached) < 58


def test_strokes_inside_lie_in_the_mask_and_strokes_outside_do_not():
    mask = np.zeros((96, 96), bool)
    mask[20:70, 30:60] = True
    rng = np.random.default_rng(1)
    for _ in range(30):
        inside, outside = draw_strokes(mask, rng)
        assert inside.any()
        assert not (inside & ~mask).any()
        assert not (outside & mask).any()
