"""Propagation: which frames, in which order, from where; and how two passes become one mask."""

import errno
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.fakes import ShadeVideo, ToldEngine, square
from vos_annotator.core.errors import UserError
from vos_annotator.engine import propagation
from vos_annotator.engine.blending import blend
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import ABSENT, Segmentation
from vos_annotator.engine.remaining import remaining_runs

FRAMES = 30
quick = settings(max_examples=200)
some_references = st.sets(st.integers(0, FRAMES - 1), min_size=1, max_size=6)
ranges = st.tuples(st.integers(0, FRAMES - 1), st.integers(0, FRAMES - 1)).map(sorted)


def final_frames(passes):
    return sorted(frame for one in passes if one.is_final for frame in one.frames)


# Plans


@quick
@given(some_references, ranges)
def test_every_frame_of_the_range_is_final_exactly_once_and_no_reference_is_ever_run(
    references, within
):
    first, last = within
    passes = plan(list(references), first, last)

    expected = sorted(set(range(first, last + 1)) - references)
    assert final_frames(passes) == expected
    assert {frame for one in passes for frame in one.frames} == set(expected)


@quick
@given(some_references, ranges)
def test_a_pass_runs_away_from_its_reference_and_stops_before_the_next(references, within):
    for one in plan(list(references), *within):
        assert one.source in references and one.direction in (1, -1)
        assert all(b - a == one.direction for a, b in pairwise(one.frames))
        assert (one.frames[0] - one.source) * one.direction > 0
        if one.until is not None:
            assert one.until in references
            assert (one.until - one.frames[-1]) * one.direction > 0
        between = range(*sorted((one.source, one.frames[-1])))
        assert not references & set(between[1:])


@quick
@given(some_references, ranges)
def test_a_span_between_two_references_is_run_once_from_either_side(references, within):
    passes = plan(list(references), *within)

    closed = [one for one in passes if one.until is not None]
    for one in closed:
        mates = [p for p in closed if (p.source, p.until) == (one.until, one.source)]
        assert len(mates) == 1 and mates[0].frames == one.frames[::-1]
        assert mates[0].blended is not one.blended
    assert not any(one.blended for one in passes if one.until is None)


@quick
@given(some_references, ranges)
def test_the_first_pass_of_a_span_runs_before_its_blended_one(references, within):
    seen = set()
    for one in plan(list(references), *within):
        if one.blended:
            assert (one.until, one.source) in seen
        seen.add((one.source, one.until))


@quick
@given(some_references, ranges, st.data())
def test_from_a_corrected_frame_only_its_neighbourhood_is_run_and_outwards_first(
    references, within, data
):
    origin = data.draw(st.sampled_from(sorted(references)))
    passes = plan(list(references), *within, origin=origin)

    before = max((r for r in references if r < origin), default=-1)
    after = min((r for r in references if r > origin), default=FRAMES)
    expected = set(range(before + 1, after)) & set(range(within[0], within[1] + 1)) - {origin}
    assert final_frames(passes) == sorted(expected)
    is_outwards = [one.source == origin for one in passes]
    assert is_outwards == sorted(is_outwards, reverse=True)


@quick
@given(some_references, st.integers(0, FRAMES - 1))
def test_from_a_released_frame_the_span_around_it_is_run(references, origin):
    passes = plan(list(references - {origin}) or [FRAMES], 0, FRAMES - 1, origin)

    assert origin in final_frames(passes)
    assert all(a.source != b.source or a.until != b.until for a, b in pairwise(passes))


def test_one_frame_at_a_time_is_a_range_of_one():
    (one,) = plan([3], 4, 4)

    assert (one.source, list(one.frames), one.until, one.is_final) == (3, [4], None, True)


def test_the_order_of_references_does_not_matter_and_doubles_do_not_either():
    assert plan([9, 3, 3], 0, 12) == plan([3, 9], 0, 12)


def test_without_a_reference_a_sentence_says_to_paint_first():
    with pytest.raises(UserError, match="paint an object on a frame first"):
        plan([], 0, 9)


# Running them


def run(engine, passes, video=None, **how):
    return list(propagate(engine, video or ShadeVideo(), passes, **how))


def ready(engine=None, *references, ids=(1,)):
    engine = engine or ToldEngine()
    for reference in references:
        engine.memorize(reference, np.full((1, 1, 3), reference, np.uint8), square(*ids))
    engine.log.clear()
    return engine


def test_each_pass_begins_anew_and_runs_its_frames_in_order():
    engine = ready(None, 2, 5)

    run(engine, plan([2, 5], 0, 6))

    asked = [" ".join(map(str, each)) for each in engine.log]
    assert asked == [
        "begin_pass",
        *("segment 1", "segment 0"),
        "begin_pass",
        *("segment 3", "segment 4"),
        "begin_pass",
        *("segment 4", "segment 3"),
        "begin_pass",
        "segment 6",
    ]


def test_a_frame_between_references_is_a_preview_first_and_final_later():
    found = run(ready(None, 0, 4), plan([0, 4], 0, 4))

    assert [(frame, final) for frame, _, final in found] == [
        *((1, False), (2, False), (3, False)),
        *((3, True), (2, True), (1, True)),
    ]


@pytest.mark.parametrize("origin", [None, 10])
def test_the_weight_of_a_side_as_sure_as_the_other_falls_linearly_with_the_distance(origin):
    class Told(ToldEngine):
        def level(self, frame):
            return levels[self.passes]

    passes = plan([0, 10], 1, 9, origin)
    levels = {n + 1: 8.0 if one.source == 0 else 12.0 for n, one in enumerate(passes)}
    found = run(ready(Told(), 0, 10), passes, ShadeVideo(11))

    finals = {frame: each.logits for frame, each, final in found if final}
    for frame in range(1, 10):
        np.testing.assert_allclose(finals[frame], 8.0 + 4.0 * frame / 10, atol=1e-2)


def test_a_blend_is_the_same_to_the_bit_whichever_side_ran_first():
    class Noisy(ToldEngine):
        def segment(self, frame, image, absent=()):
            rng = np.random.default_rng((frame, sources[self.passes - 1]))
            logits = rng.normal(0, 6, (1, 6, 8)).astype(np.float32)
            return Segmentation((1,), logits, image.shape[:2])

    finals = []
    for origin in (0, 8):
        passes = plan([0, 8], 1, 7, origin)
        sources = [one.source for one in passes]
        found = run(Noisy(), passes)
        finals.append({frame: each.logits.tobytes() for frame, each, final in found if final})

    assert finals[0] == finals[1]


def test_an_object_that_one_side_does_not_know_fades_from_the_other():
    a = Segmentation((1,), np.full((1, 2, 2), 8, np.float32), (4, 4))
    b = Segmentation((2,), np.full((1, 2, 2), 8, np.float32), (4, 4))

    blended = blend(a, b, 0.25)

    assert blended.ids == (1, 2)
    assert blended.logits[0, 0, 0] == 0.75 * 8 + 0.25 * ABSENT
    assert blended.logits[1, 0, 0] == 0.25 * 8 + 0.75 * ABSENT


def test_a_pass_that_lost_an_object_to_another_is_believed_of_neither():
    def side(first, second):  # the pixels of two objects, of four
        logits = np.full((2, 1, 4), -8, np.float32)
        logits[0, 0, first], logits[1, 0, second] = 8, 8
        return Segmentation((1, 2), logits, (4, 16))

    right = replace(side([0, 1], [2, 3]), at_worst={1: 0.8, 2: 0.8})
    # Nothing is odd about the first object of the pass that lost the second.
    lost = replace(side([0, 1, 2], [3]), at_worst={1: 0.8, 2: 0.1})

    for blended in (blend(right, lost, 0.8), blend(lost, right, 0.2)):
        assert (blended.label_map()[0, ::4] == [1, 1, 2, 2]).all()


def test_it_stops_before_the_next_frame_when_cancelled():
    engine, done = ready(None, 0), []
    passes = plan([0], 0, 9)

    for frame, _, _ in propagate(engine, ShadeVideo(), passes, lambda: len(done) == 3):
        done.append(frame)

    assert done == [1, 2, 3]
    assert engine.log[-1] == ("segment", 3)


def test_a_frame_that_cannot_be_decoded_is_passed_over_by_both_passes_of_its_span():
    video, unread = ShadeVideo(), {}
    video.damaged.update((2, 7))
    found = run(ready(None, 0, 4), plan([0, 4], 0, 9), video, unread=unread)

    assert [(frame, final) for frame, _, final in found] == [
        *((1, False), (3, False), (3, True), (1, True)),
        *((frame, True) for frame in (5, 6, 8, 9)),
    ]
    assert unread == {2: "Frame 2 of shades is damaged.", 7: "Frame 7 of shades is damaged."}


@pytest.mark.parametrize("which", ["first", "second"])
def test_of_a_frame_that_only_one_pass_can_decode_its_mask_is_that_of_this_one(which):
    video, unread, finals = ShadeVideo(), {}, {}
    video.damaged.update((2,) if which == "first" else ())
    for frame, found, final in propagate(
        ready(None, 0, 4), video, plan([0, 4], 0, 4), unread=unread
    ):
        finals[frame] = found.logits[0, 0, 0], final
        if (frame, final) == (3, False):
            _flip(video)

    level, is_final = finals[2]
    assert (float(level), is_final) == ((2.0, True) if which == "first" else (1.0, False))
    assert list(unread) == [2]


def _flip(video):
    """Have frame 2 be damaged if it was not, and the other way round; nothing is remembered."""
    video.damaged ^= {2}
    video._images.close()


def test_where_nobody_takes_what_is_unread_a_damaged_frame_ends_it():
    video = ShadeVideo()
    video.damaged.add(2)

    with pytest.raises(UserError, match="Frame 2 of shades is damaged"):
        run(ready(None, 0), plan([0], 0, 9), video)


def test_memory_stays_flat_over_a_long_span():
    class Large(ToldEngine):
        def segment(self, frame, image, absent=()):
            rng = np.random.default_rng(frame)
            logits = rng.normal(0, 5, (1, 60, 80)).astype(np.float32)  # 19 KB, 4 in int8
            return Segmentation((1,), logits, image.shape[:2])

    video = ShadeVideo(400, cache_bytes=0)
    sizes = {}
    tracemalloc.start()
    try:
        found = propagate(Large(), video, plan([0, 399], 0, 399))
        for number, _ in enumerate(found):
            if number in (60, 390, 760):
                sizes[number], _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sizes[390] - sizes[60] < 300_000  # so many previews take 1.5 MB at least
    assert sizes[760] - sizes[60] < 300_000


def test_a_full_temporary_folder_ends_in_a_sentence(monkeypatch):
    class Full:
        def __init__(self, file):
            self._file = file

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name):
            return getattr(self._file, name)

    real = propagation.tempfile.TemporaryFile
    monkeypatch.setattr(propagation.tempfile, "TemporaryFile", lambda: Full(real()))

    with pytest.raises(UserError, match=r"temporary folder .*No space left.*free some space"):
        run(ready(None, 0, 4), plan([0, 4], 0, 4))


# What is left after an interruption


def flags(*frames, count=FRAMES):
    found = np.zeros(count, bool)
    found[list(frames)] = True
    return found


@quick
@given(some_references, st.sets(st.integers(0, FRAMES - 1)), st.sets(st.integers(0, FRAMES - 1)))
def test_the_runs_that_are_left_cover_every_need_and_no_span_without_one(
    references, needed, predicted
):
    references = sorted(references)
    runs = remaining_runs(references, {1: flags(*needed)}, flags(*predicted - set(references)))

    done = [frame for run in runs for frame in final_frames(run.passes)]
    assert len(done) == len(set(done))
    assert set(done) >= needed - set(references)
    bounds = [-1, *references, FRAMES]
    for left, right in pairwise(bounds):
        if not needed & set(range(left + 1, right)):
            assert not any(left < frame < right for frame in done)


def test_a_span_is_run_again_as_a_whole_so_that_its_masks_are_those_of_an_undisturbed_run():
    (run,) = remaining_runs([5, 15], {1: flags(9)}, flags(*range(6, 15)))

    assert final_frames(run.passes) == list(range(6, 15))


def test_what_is_left_of_a_range_stays_in_the_range():
    predictions = flags(*range(6, 20))
    (run,) = remaining_runs([5], {None: flags(9, 10)}, predictions, within=range(8, 12))

    assert final_frames(run.passes) == [8, 9, 10, 11]
    assert run.ids is None


def test_the_span_nearest_to_the_corrected_frame_comes_first():
    needs = {1: flags(2, 12, 27)}
    runs = remaining_runs([5, 10, 20, 25], needs, flags(2, 12, 27), origin=26)

    assert [run.first for run in runs] == [27, 12, 2]


def test_both_sides_of_a_corrected_frame_are_one_run_outwards_from_it():
    needs = {4: flags(*range(6, 10), *range(11, 15))}
    (run,) = remaining_runs([5, 10, 15], needs, needs[4], origin=10)

    assert [one.source for one in run.passes] == [10, 10, 15, 5]
    assert run.ids == {4}


def test_each_run_computes_the_objects_that_its_span_needs():
    needs = {1: flags(2), 2: flags(2, 8)}
    runs = remaining_runs([5], needs, flags(2, 8))

    assert [(run.first, run.ids) for run in runs] == [(2, {1, 2}), (8, {2})]


def test_a_need_on_a_reference_is_no_need():
    assert remaining_runs([5], {1: flags(5)}, flags()) == []


def test_a_pass_that_lost_an_object_does_not_take_it_from_one_that_still_has_it():
    has_it = np.full((1, 12, 16), -6.0, np.float32)
    has_it[0, 3:8, 4:10] = 6.0
    lost_it = np.full((1, 12, 16), -6.0, np.float32)
    lost_it[0, 9, 14], lost_it[0, 1, 1] = 0.5, 0.5  # specks, far apart and hardly sure
    a, b = Segmentation((1,), has_it, (12, 16)), Segmentation((1,), lost_it, (12, 16))
    for first, second in ((a, b), (b, a)):
        mask = blend(first, second, 0.5).label_map() == 1
        np.testing.assert_array_equal(mask, has_it[0] > 0)
    assert not (blend(a, b, 1.0).label_map() == 1)[3:8, 4:10].any()  # beside its reference


def test_what_a_pass_says_after_it_was_lost_counts_little_however_sure_it_is():
    here, there = (np.full((1, 12, 16), -6.0, np.float32) for _ in range(2))
    here[0, 3:8, 4:10], there[0, 5:10, 8:14] = 6.0, 6.0
    sound = Segmentation((1,), here, (12, 16), at_worst={1: 0.85})
    strayed = Segmentation((1,), there, (12, 16), at_worst={1: 0.3})
    assert sound.confidence == strayed.confidence
    for first, second in ((sound, strayed), (strayed, sound)):
        mask = blend(first, second, 0.5).label_map() == 1
        np.testing.assert_array_equal(mask, here[0] > 0)


def test_a_pass_between_references_tells_the_worst_that_came_before_a_frame(monkeypatch):
    class Unsteady(ToldEngine):
        def segment(self, frame, image, absent=()):
            logits = np.random.default_rng((frame, self.passes)).normal(0, 6, (1, 6, 8))
            return Segmentation((1,), logits.astype(np.float32), image.shape[:2])

    blended = []

    def spied(earlier, later, weight_b):
        blended.append((earlier, later))
        return blend(earlier, later, weight_b)

    monkeypatch.setattr(propagation, "blend", spied)
    run(Unsteady(), plan([0, 8], 1, 7))
    forwards, backwards = [a for a, _ in reversed(blended)], [b for _, b in blended]

    for way in (forwards, backwards):
        for before, here in pairwise(way):
            likely = pytest.approx(here.confidence[1], abs=0.02)  # put aside in steps
            assert here.at_worst[1] in (before.at_worst[1], likely)
            assert here.at_worst[1] <= before.at_worst[1]
        assert way[0].at_worst[1] > way[-1].at_worst[1]
