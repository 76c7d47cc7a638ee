"""Training clips: what they show, and the strokes drawn on them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.training.small_data import small_sources, write_pair, write_small_data
from vos_annotator.core.errors import UserError
from vos_annotator.training import shapes
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.drafts import Draft
from vos_annotator.training.layers import paste
from vos_annotator.training.plans import Light
from vos_annotator.training.scenes import draw
from vos_annotator.training.strokes import draw_strokes
from vos_annotator.training.ways import Way


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_every_clip_shows_its_objects_first_and_masks_never_overlap(data, share):
    maker = ClipMaker(small_sources(data), ClipMix(length=3, size=64, video_share=share))
    rng = np.random.default_rng(0)
    for _ in range(25):
        clip = maker.make(rng)
        assert clip.images.shape == (3, 64, 64, 3)
        assert clip.masks.shape[0] == 3
        assert clip.masks[0].any((1, 2)).all()
        assert clip.masks.sum(1).max() <= 1


def test_the_same_seed_makes_the_same_clips(data):
    maker = ClipMaker(small_sources(data), ClipMix(length=3, size=64))
    first, second = (maker.make(np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.masks, second.masks)


def test_masks_lie_on_the_things_that_they_belong_to(data):
    mix = ClipMix(length=3, size=96, video_share=0, compose_share=0)
    maker, rng = ClipMaker(small_sources(data), mix), np.random.default_rng(0)
    greener = []
    for _ in range(30):
        plan = maker.plan(rng)
        clip = draw(plan, maker.material, mix.size)
        if clip is None or plan.light.is_grey:
            continue
        green = clip.images[..., 1].astype(float) - clip.images[..., [0, 2]].mean(-1)
        inside = clip.masks[:, 0]  # the disk of the still itself, which is green
        greener += [green[t][inside[t]].mean() > 60 for t in range(3) if inside[t].sum() > 40]
        greener += [green[t][~clip.masks[t].any(0)].mean() < 60 for t in range(3)]
    assert np.mean(greener) > 0.9


def test_some_objects_are_gone_for_a_while_and_come_back(data):
    mix = ClipMix(length=5, size=64, video_share=0, compose_share=1)
    maker, rng = ClipMaker(small_sources(data), mix), np.random.default_rng(0)
    areas = np.concatenate([maker.make(rng).masks.sum((2, 3)) for _ in range(60)], 1)  # (T, K)
    returned = (areas[1:-1].min(0) == 0) & (areas[0] > 0) & (areas[-1] > 0)
    assert 3 <= returned.sum() < len(returned) / 2


def test_up_to_three_objects_are_tracked_at_once(data):
    maker, rng = (
        ClipMaker(small_sources(data), ClipMix(length=3, size=64)),
        np.random.default_rng(0),
    )
    counts = {maker.make(rng).masks.shape[1] for _ in range(80)}
    assert counts == {1, 2, 3}


def test_planning_a_clip_looks_at_no_pixels_once_facts_are_known(data, monkeypatch):
    maker = ClipMaker(small_sources(data), ClipMix(length=3, size=64))
    for number in range(len(maker.material)):
        maker.material.facts(number)

    def refuse(number):
        raise AssertionError(f"picture {number} was read")

    monkeypatch.setattr(maker.material, "read", refuse)
    for seed in range(40):
        maker.plan(np.random.default_rng(seed))


def test_videos_whose_objects_are_gone_in_most_frames_make_clips_too(tmp_path):
    root = write_small_data(tmp_path)
    for mask in sorted((root / "videos/set/roll/masks").iterdir())[2:]:
        Image.fromarray(np.zeros((120, 160), np.uint8)).save(mask)
    maker = ClipMaker(small_sources(root), ClipMix(length=3, size=64, video_share=1, max_gap=3))
    rng = np.random.default_rng(0)
    for _ in range(60):
        assert maker.make(rng).masks[0].any((1, 2)).all()


@pytest.fixture(scope="module")
def long_video(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("long"), np.random.default_rng(0)
    for n in range(90):
        write_pair(root / "videos" / "set" / "roll", f"{n:05d}", 35 + n, rng)
    return root


@pytest.mark.parametrize("max_gap", [1, 6])
def test_the_latest_frame_of_a_video_is_near_and_the_first_one_far(long_video, max_gap):
    maker = ClipMaker(small_sources(long_video), ClipMix(length=5, size=64, video_share=1))
    rng, times = np.random.default_rng(0), []
    for _ in range(200):
        times.append(maker.plan(rng, max_gap).layers[0].pictures - maker.material.videos[0].start)
    steps = np.diff(times)
    assert np.all((steps > 0).all(1) | (steps < 0).all(1))
    assert 0.35 < (steps[:, 0] > 0).mean() < 0.65  # backwards as often as forwards
    jumps, others = np.abs(steps[:, 0]), np.abs(steps[:, 1:])
    assert set(others.ravel()) == set(range(1, min(max_gap, 3) + 1))
    assert jumps.max() > 9 * max_gap and jumps.max() <= 10 * max_gap
    assert jumps.min() <= max_gap
    assert (np.ptp(others, axis=1) > 0).any() == (max_gap > 1)  # drawn one by one
    assert np.min(times) < 10 and np.max(times) > 80


@pytest.mark.parametrize("length", [2, 5, 12])
def test_a_video_shorter_than_a_clip_stands_still_at_its_end(data, length):
    maker = ClipMaker(small_sources(data), ClipMix(length=length, size=64, video_share=1))
    for seed in range(30):
        pictures = maker.plan(np.random.default_rng(seed), 6).layers[0].pictures
        assert set(pictures) <= set(maker.material.videos[0])
        assert len(set(pictures)) == min(length, 8)


def test_no_clip_of_a_video_shows_a_frame_that_cannot_be_read(tmp_path, caplog):
    root = write_small_data(tmp_path)
    (root / "videos/set/roll/images/00004.jpg").write_bytes(b"no picture")
    (root / "videos/set/roll/masks/00006.png").write_bytes(b"no mask")
    maker = ClipMaker(small_sources(root), ClipMix(length=3, size=64, video_share=1, max_gap=3))
    (video,) = maker.material.videos
    shown = set()
    for seed in range(60):
        plan = maker.plan(np.random.default_rng(seed))
        shown |= {n - video.start for layer in plan.layers for n in layer.pictures if n in video}
    assert shown == {0, 1, 2, 3, 5, 7}
    assert "00004.jpg" in caplog.text and "00006.png" in caplog.text


def test_cut_outs_alone_make_no_clips(data):
    sources = replace(small_sources(data), stills=(), videos=())
    with pytest.raises(UserError, match="nothing to put them on"):
        ClipMaker(sources, ClipMix())


def test_motion_blur_smears_a_thing_along_its_way_and_not_across(data):
    material = ClipMaker(small_sources(data), ClipMix()).material
    number = material.thin[0]  # a wheel
    (seen,) = material.facts(number).objects
    way = Way(np.array([[x, 0.5, np.log(0.2), 0, 0] for x in (0.2, 0.8)]), np.array([0.0, 1.0]))
    images = []
    for shutter in (0.0, 1.0):
        draft = Draft(material, 2, 96, np.random.default_rng(0))
        pose = np.array([[0.5, 0.5, 0, 0, 0]] * 2)
        draft.open(np.full(2, material.stills[0]), Way(pose, np.array([0.0, 1.0])), 0, 0, 0)
        draft.put(
            number,
            seen.id,
            draft.along(way, seen, shutter),
            draft.claim(seen, draft.along(way, seen, shutter)),
        )
        layer = draft.plan(light(2), False).layers[1]
        canvas, numbers = np.zeros((96, 96, 3), np.uint8), np.zeros((96, 96), np.uint8)
        paste(canvas, numbers, material.read(number) | np.uint8([255, 255, 255, 0]), layer, 0)
        images.append(canvas[..., 0] > 8)
    sharp, blurred = images
    assert np.ptp(np.nonzero(blurred)[1]) > np.ptp(np.nonzero(sharp)[1]) + 20
    assert abs(np.ptp(np.nonzero(blurred)[0]) - np.ptp(np.nonzero(sharp)[0])) <= 2


def light(length: int) -> Light:
    return Light(np.ones((length, 3), np.float32))


def test_thin_things_are_thin():
    for number in range(shapes.COUNT):
        alpha = shapes.thin_thing(number)[..., 3] > 127
        depth = cv2.distanceTransform(alpha.astype(np.uint8), cv2.DIST_L2, 3)
        assert 0.004 < alpha.mean() < 0.4
        assert depth.max() < 0.09 * shapes.SIDE


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
