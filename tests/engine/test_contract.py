"""What every installed engine must do; a new one is tested by being installed."""

import cv2
import numpy as np
import pytest

from tests.engine.made_up_weights import MAKERS
from vos_annotator.core.errors import UserError
from vos_annotator.engine.catalogue import facts_of
from vos_annotator.engine.protocol import (
    DenyingEngine,
    LearningEngine,
    ScribbleEngine,
    SegmentationEngine,
)
from vos_annotator.engine.registry import DEFAULT_ENGINE, engine_names, load_engine

SHAPE, SIZE, FRAMES = (70, 94), 64, 8


@pytest.fixture(scope="module", params=engine_names())
def loaded(request, tmp_path_factory):
    """Each engine, with weights made up where it comes without any."""
    facts = facts_of(request.param)
    if facts.problem:
        pytest.skip(facts.problem)
    if not facts.needs_checkpoint:
        return load_engine(request.param, size=SIZE)
    if request.param not in MAKERS:
        pytest.skip(f"nobody makes up weights of {request.param}")
    checkpoint = tmp_path_factory.mktemp("weights") / f"{request.param}.pth"
    MAKERS[request.param](checkpoint)
    return load_engine(request.param, size=SIZE, checkpoint=str(checkpoint))


@pytest.fixture
def engine(loaded):
    """An engine with an empty memory."""
    empty(loaded)
    yield loaded
    empty(loaded)


def empty(engine):
    for frame in range(FRAMES):
        engine.forget(frame)
    engine.begin_pass()
    if isinstance(engine, LearningEngine):
        engine.unlearn()


def image_of(frame):
    """Return a dark picture that is never twice the same, and a bright square that moves."""
    rng = np.random.default_rng(frame)
    image = rng.integers(0, 90, (*SHAPE, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2)
    image[20:50, 10 + 5 * frame : 40 + 5 * frame] += 120
    return image


def label_map_of(frame, ids=(3,)):
    label_map = np.zeros(SHAPE, np.uint8)
    label_map[20:50, 10 + 5 * frame : 40 + 5 * frame] = ids[0]
    if len(ids) > 1:
        label_map[55:68, 60:90] = ids[1]
    return label_map


def run(engine, frames=(1, 2, 3)):
    """Return what a pass over frames gives, to the bit."""
    engine.begin_pass()
    found = [engine.segment(frame, image_of(frame)) for frame in frames]
    return [(each.ids, each.logits.tobytes()) for each in found]


def test_what_is_absent_is_not_found_and_nothing_of_it_is_remembered(engine):
    engine.memorize(0, image_of(0), label_map_of(0, ids=(3, 5)))
    engine.begin_pass()
    found = [engine.segment(frame, image_of(frame), absent=[3]) for frame in (1, 2)]

    assert all(3 not in each.label_map() for each in found)
    assert all(each.confidence[3] > 0.8 for each in found)  # sure that it is not there


def test_what_was_denied_and_is_allowed_again_leaves_no_trace(engine):
    if not isinstance(engine, DenyingEngine):
        pytest.skip("takes no denial")
    engine.memorize(0, image_of(0), label_map_of(0))
    before = run(engine)
    engine.deny(2, image_of(2), [3])
    engine.deny(2, image_of(2), [3, 9])
    engine.deny(2, None, [])

    assert run(engine) == before


def test_the_default_engine_is_installed():
    assert {DEFAULT_ENGINE, "hold"} <= set(engine_names())


def test_an_unknown_engine_is_answered_with_the_known_names():
    with pytest.raises(UserError, match=r"no engine magic: choose one of .*hold"):
        load_engine("magic")


def test_it_has_the_four_verbs_and_its_own_name(engine):
    assert isinstance(engine, SegmentationEngine)
    assert engine.name in engine_names()


def test_without_references_there_are_no_objects(engine):
    found = engine.segment(0, image_of(0))

    assert found.ids == () and found.confidence == {}
    assert found.label_map().shape == SHAPE and not found.label_map().any()


@pytest.mark.parametrize("ids", [(1,), (3, 200)])
def test_a_segmentation_has_the_ids_shapes_and_types_of_the_protocol(engine, ids):
    engine.memorize(0, image_of(0), label_map_of(0, ids))

    found = engine.segment(1, image_of(1))

    assert found.ids == ids
    assert found.shape == SHAPE
    assert found.logits.dtype == np.float32 and found.logits.ndim == 3
    assert len(found.logits) == len(ids) and np.isfinite(found.logits).all()
    label_map = found.label_map()
    assert label_map.shape == SHAPE and label_map.dtype == np.uint8 and label_map.flags.writeable
    assert set(np.unique(label_map)) <= {0, *ids}
    assert found.confidence.keys() == set(ids)
    assert all(0 <= value <= 1 for value in found.confidence.values())


def test_the_ids_are_those_of_all_references(engine):
    engine.memorize(0, image_of(0), label_map_of(0, (7,)))
    engine.memorize(4, image_of(4), label_map_of(4, (2, 9)))

    assert engine.segment(2, image_of(2)).ids in {(2, 7, 9), (7,), (2, 9)}


def test_a_reference_without_objects_is_fine(engine):
    engine.memorize(0, image_of(0), np.zeros(SHAPE, np.uint8))

    assert not engine.segment(1, image_of(1)).label_map().any()


def test_the_same_references_give_the_same_masks_to_the_bit(engine):
    engine.memorize(0, image_of(0), label_map_of(0))
    engine.memorize(5, image_of(5), label_map_of(5))

    assert run(engine) == run(engine)


def test_it_does_not_matter_in_which_order_references_were_memorized(engine):
    for frame in (0, 5, 7):
        engine.memorize(frame, image_of(frame), label_map_of(frame, (3, 8)))
    forwards = run(engine)
    empty(engine)
    for frame in (7, 0, 5):
        engine.memorize(frame, image_of(frame), label_map_of(frame, (3, 8)))

    assert run(engine) == forwards


def test_memorizing_a_frame_again_replaces_it(engine):
    engine.memorize(0, image_of(0), label_map_of(0, (4,)))
    expected = run(engine)
    empty(engine)
    engine.memorize(0, image_of(0), label_map_of(6, (5,)))
    engine.memorize(0, image_of(0), label_map_of(0, (4,)))

    assert run(engine) == expected


def test_forgetting_a_reference_leaves_no_trace(engine):
    engine.memorize(0, image_of(0), label_map_of(0))
    expected = run(engine)
    engine.memorize(4, image_of(4), label_map_of(1, (9,)))
    assert run(engine) != expected

    engine.forget(4)

    assert run(engine) == expected


def test_forgetting_everything_leaves_no_objects(engine):
    engine.memorize(2, image_of(2), label_map_of(2))
    engine.segment(3, image_of(3))
    engine.forget(2)
    engine.forget(2)
    engine.forget(99)
    engine.begin_pass()

    assert engine.segment(3, image_of(3)).ids == ()


def test_a_new_pass_knows_nothing_of_the_last_one(engine):
    engine.memorize(0, image_of(0), label_map_of(0))
    expected = run(engine)
    run(engine, frames=(7, 6, 5))

    assert run(engine) == expected


def test_frames_and_label_maps_are_not_written_to(engine):
    image, label_map = image_of(0), label_map_of(0)
    image.flags.writeable = label_map.flags.writeable = False

    engine.memorize(0, image, label_map)
    engine.segment(1, image)

    np.testing.assert_array_equal(image, image_of(0))


def test_a_reference_seen_again_is_about_what_the_person_drew(engine):
    if engine.name in MAKERS:
        pytest.skip("weights that were made up find nothing")
    engine.memorize(0, image_of(0), label_map_of(0))

    mask = engine.segment(0, image_of(0)).label_map() == 3

    truth = label_map_of(0) == 3
    assert (mask & truth).sum() > 0.5 * truth.sum() and (mask & ~truth).sum() < truth.sum()


@pytest.fixture
def scribbler(engine):
    if not isinstance(engine, ScribbleEngine):
        pytest.skip("it has no scribbles")
    return engine


def strokes():
    marks = np.zeros(SHAPE, np.uint8)
    marks[30:34, 15:35] = 1
    marks[60:64, 5:80] = 2
    return marks


@pytest.mark.parametrize("current", [None, np.ones(SHAPE, bool)])
def test_scribbles_are_obeyed(scribbler, current):
    mask = scribbler.scribble(0, image_of(0), strokes(), current)

    assert mask.shape == SHAPE and mask.dtype == bool
    assert mask[strokes() == 1].all() and not mask[strokes() == 2].any()


def test_strokes_outside_alone_take_pixels_off_the_mask(scribbler):
    outside = np.where(strokes() == 2, 2, 0).astype(np.uint8)
    current = np.ones(SHAPE, bool)

    mask = scribbler.scribble(0, image_of(0), outside, current)

    assert not mask[outside == 2].any() and mask.any()
    assert current.all()


def test_scribbling_leaves_no_trace_in_the_memory(scribbler):
    scribbler.memorize(0, image_of(0), label_map_of(0))
    expected = run(scribbler)
    scribbler.scribble(1, image_of(1), strokes(), None)

    assert run(scribbler) == expected


def test_a_scribble_between_two_frames_of_a_pass_does_not_change_the_pass(scribbler):
    scribbler.memorize(0, image_of(0), label_map_of(0))
    expected = run(scribbler)

    scribbler.begin_pass()
    found = []
    for frame in (1, 2, 3):
        segmentation = scribbler.segment(frame, image_of(frame))
        found.append((segmentation.ids, segmentation.logits.tobytes()))
        scribbler.scribble(6, image_of(6), strokes(), None)

    assert found == expected


def test_an_option_that_an_engine_does_not_have_is_refused_by_name():
    with pytest.raises(UserError, match="hold has no checkpoint"):
        load_engine("hold", checkpoint="x")


REFERENCES = [(frame, image_of(frame), label_map_of(frame)) for frame in (0, 3, 5, 7)]


@pytest.fixture
def learner(engine):
    if not isinstance(engine, LearningEngine):
        pytest.skip("it does not learn")
    return engine


@pytest.fixture(scope="module")
def lesson(loaded):
    """What an engine gives, and does with a scribble, at each step of learning; it takes long."""
    if not isinstance(loaded, LearningEngine):
        pytest.skip("it does not learn")
    empty(loaded)
    for reference in REFERENCES:
        loaded.memorize(*reference)
    given = {"before": gives(loaded)}
    assert loaded.learn(REFERENCES)
    given["taught"] = gives(loaded)
    for patience in (0, 2, 5, 30):
        asked = iter(range(1000))
        loaded.learn(REFERENCES[:3], lambda: next(asked) >= patience)  # noqa: B023
        given[f"cancelled after {patience}"] = gives(loaded)
    loaded.unlearn()
    given["unlearnt"] = gives(loaded)
    assert loaded.learn(REFERENCES)
    given["taught again"] = gives(loaded)
    empty(loaded)
    return given


def gives(engine):
    """Return what a pass and a scribble give, to the bit."""
    if not isinstance(engine, ScribbleEngine):
        return run(engine), None
    return run(engine), engine.scribble(0, image_of(0), strokes(), None).tobytes()


def test_what_references_teach_changes_the_masks_and_is_the_same_each_time(lesson):
    assert lesson["taught again"] == lesson["taught"]
    assert lesson["taught"][0] != lesson["before"][0]


def test_unlearning_leaves_no_trace(lesson):
    assert lesson["unlearnt"] == lesson["before"]


def test_learning_that_is_cancelled_leaves_everything_as_it_was(lesson):
    cancelled = [each for name, each in lesson.items() if name.startswith("cancelled")]
    assert cancelled == [lesson["taught"]] * 4


def test_learning_does_not_change_what_scribbles_give(lesson):
    assert lesson["taught"][1] == lesson["before"][1]


def test_references_that_teach_nothing_are_said_to(learner):
    learner.memorize(0, image_of(0), label_map_of(0))
    untaught = run(learner)

    assert not learner.learn([(0, image_of(0), label_map_of(0))])
    assert run(learner) == untaught
