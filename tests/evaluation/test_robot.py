"""The robot annotator: what it corrects, what a correction does, and what it reports."""

import csv

import cv2
import numpy as np
import pytest

from tests.evaluation.test_evaluate import evaluate, squares, write, write_pictures
from vos_annotator.core.errors import UserError
from vos_annotator.engine.registry import load_engine
from vos_annotator.evaluation.robot import (
    Corrections,
    Habits,
    Order,
    Round,
    mean_rounds,
    rounds_to,
    run_sequence,
)
from vos_annotator.evaluation.sequences import find_sequences

# Still for four frames, then somewhere else: an engine that holds is right, then wrong.
JUMPING = [squares((1, 4))] * 4 + [squares((1, 40))] * 5


@pytest.fixture
def sequence(tmp_path):
    write(tmp_path / "Annotations/480p/jumping", JUMPING)
    write_pictures(tmp_path / "JPEGImages/480p/jumping", len(JUMPING))
    return find_sequences(tmp_path)[0]


def rounds(sequence, **habits) -> list[Round]:
    return list(run_sequence(load_engine("hold"), sequence, Habits(**habits)))


def test_the_worst_frame_is_corrected_first_where_the_truth_decides(sequence):
    done = rounds(sequence, rounds=1, order=Order.TRUTH, corrections=Corrections.FORWARD)
    assert [each.frame for each in done] == [0, 4]
    assert done[0].jf == pytest.approx(4 / 9)
    assert done[-1].jf == pytest.approx(1)


def test_a_correction_alone_mends_its_own_frame_only(sequence):
    done = rounds(sequence, rounds=3, order=Order.TRUTH, corrections=Corrections.ALONE)
    gains = np.diff([each.jf for each in done])
    np.testing.assert_allclose(gains, 1 / 9, atol=1e-6)


def test_a_correction_forward_leaves_the_frames_before_it(sequence):
    forward = rounds(sequence, rounds=1, order=Order.TRUTH, corrections=Corrections.FORWARD)
    assert forward[-1].jf == pytest.approx(1)  # the four before were right already
    both = rounds(sequence, rounds=1, order=Order.TRUTH, corrections=Corrections.BOTH)
    assert both[-1].frame == forward[-1].frame == 4
    assert both[-1].jf <= forward[-1].jf  # a blend of old and new is asked of those before


def test_the_robot_stops_when_every_frame_is_a_reference_and_leaves_the_engine_empty(sequence):
    engine = load_engine("hold")
    done = list(run_sequence(engine, sequence, Habits(rounds=50)))
    assert len(done) == len(JUMPING)
    assert sorted(each.frame for each in done) == list(range(len(JUMPING)))
    assert done[-1].jf == pytest.approx(1)
    assert engine.segment(0, np.zeros((40, 64, 3), np.uint8)).ids == ()


@pytest.fixture
def disk(tmp_path):
    """A disk that moves over noise, for the network."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    label_maps = []
    folder = tmp_path / "JPEGImages/480p/disk"
    folder.mkdir(parents=True)
    for n in range(4):
        picture = rng.integers(60, 90, (120, 160, 3), dtype=np.uint8)
        label_map = np.zeros((120, 160), np.uint8)
        for canvas, colour in ((picture, (30, 200, 240)), (label_map, 1)):
            cv2.circle(canvas, (60 + 10 * n, 60), 28, colour, -1)
        cv2.imwrite(str(folder / f"{n:05d}.jpg"), picture)
        label_maps.append(label_map)
    write(tmp_path / "Annotations/480p/disk", label_maps)
    return find_sequences(tmp_path)[0]


def test_an_object_that_a_correction_erases_is_absent_there_until_the_robot_is_done(
    tmp_path,
):
    there, gone = np.zeros((40, 64), np.uint8), np.zeros((40, 64), np.uint8)
    there[10:20, 10:20] = gone[10:20, 10:20] = 1
    there[10:20, 40:50] = 2
    write_pictures(tmp_path / "JPEGImages/480p/leaving", 4)
    write(tmp_path / "Annotations/480p/leaving", [there, gone, gone, gone])
    engine, denied = load_engine("hold"), []
    engine.deny = lambda frame, image, ids: denied.append((frame, tuple(ids)))

    done = list(run_sequence(engine, find_sequences(tmp_path)[0], Habits(rounds=1)))

    assert denied == [(done[1].frame, (2,)), (done[1].frame, ())]


def test_strokes_are_counted_and_mend_the_mask(disk):
    engine = load_engine("mobilevos", size=128)
    habits = Habits(rounds=1, by_strokes=True)
    first, second = run_sequence(engine, disk, habits)
    assert 1 <= first.strokes <= 3 and first.strokes <= second.strokes <= first.strokes + 3
    assert first.jf > 0.7


def test_learning_follows_each_correction_and_leaves_the_engine_as_it_was(disk):
    engine = load_engine("mobilevos", size=128)
    plain = list(run_sequence(engine, disk, Habits(rounds=2)))
    learnt = []

    for each in run_sequence(engine, disk, Habits(rounds=2, learns=True)):
        learnt.append((each, engine.has_learnt))

    assert [has_learnt for _, has_learnt in learnt][::2] == [False, True]
    assert learnt[0][0].jf == plain[0].jf and learnt[2][0].jf != plain[2].jf
    assert not engine.has_learnt


def test_an_engine_that_cannot_learn_is_told_in_a_sentence(sequence):
    with pytest.raises(UserError, match="hold cannot learn"):
        rounds(sequence, learns=True)


def test_the_same_habits_give_the_same_rounds(sequence):
    first, second = (rounds(sequence, rounds=4) for _ in range(2))
    assert [(r.frame, r.jf) for r in first] == [(r.frame, r.jf) for r in second]


def test_a_sequence_that_ended_early_keeps_its_last_score_in_the_mean():
    lines = [Round("a", n, n, jf, 0, 1.0) for n, jf in enumerate((0.5, 0.9))]
    lines += [Round("b", n, n, jf, 0, 1.0) for n, jf in enumerate((0.1, 0.3, 0.7))]
    assert [each.jf for each in mean_rounds(lines, 2)] == pytest.approx([0.3, 0.6, 0.8])
    assert rounds_to(lines, 0.9) == {"a": 1, "b": None}


def test_the_report_has_every_round_and_the_means(sequence, tmp_path, capsys):
    file, plot = tmp_path / "out" / "rounds.csv", tmp_path / "curves.png"
    words = ["--davis", tmp_path, "--robot", "--rounds", "2", "--engine", "hold"]
    words += ["--order", "truth"]
    assert evaluate(*words, "--corrections", "forward", "--csv", file, "--plot", plot) == 0
    with file.open() as opened:
        lines = list(csv.DictReader(opened))
    assert list(lines[0]) == [
        "sequence",
        "round",
        "frame_corrected",
        "JF_mean",
        "strokes",
        "seconds",
    ]
    assert [(line["sequence"], line["round"]) for line in lines] == [
        *(("jumping", str(n)) for n in range(3)),
        *(("all", str(n)) for n in range(3)),
    ]
    assert plot.stat().st_size > 1000
    assert "J&F 0.95: 1 of 1 sequences, after 1.0 corrected frames" in capsys.readouterr().out
