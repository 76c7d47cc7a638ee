"""The simulated annotator: where it scribbles, and what `evaluate --scribbles` reports."""

import argparse
import csv

import cv2
import numpy as np
import pytest
from PIL import Image

from vos_annotator.core.masks import encode_png
from vos_annotator.evaluation import davis
from vos_annotator.evaluation.scribbles import (
    INSIDE,
    OUTSIDE,
    draw_next,
    longest_path,
    score_object,
)

SHAPE = (120, 160)


def box(top, left, bottom, right):
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def next_stroke(wanted, current=None):
    strokes = np.zeros(SHAPE, np.uint8)
    draw_next(strokes, wanted, current)
    return strokes


def test_the_first_stroke_runs_along_the_object():
    rows, columns = np.nonzero(next_stroke(box(50, 40, 70, 110)) == INSIDE)
    assert np.ptp(columns) > 40
    assert np.ptp(rows) < 20


def test_the_next_stroke_goes_to_the_largest_error():
    wanted = box(20, 20, 100, 60)
    missed = next_stroke(wanted, wanted & ~box(70, 0, 120, 160))
    assert (missed[70:100, 20:60] == INSIDE).any()
    assert not (missed == OUTSIDE).any()
    wrong = next_stroke(wanted, box(20, 20, 90, 110))
    assert (wrong[20:90, 60:110] == OUTSIDE).any()
    assert not (wrong == INSIDE).any()


@pytest.mark.parametrize("seed", range(10))
def test_no_stroke_ever_says_what_is_not_true(seed):
    rng = np.random.default_rng(seed)
    wanted, current = (
        cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 6) > 0 for _ in "ab"
    )
    strokes = np.zeros(SHAPE, np.uint8)
    for _ in range(4):
        before = strokes.copy()
        draw_next(strokes, wanted, current)
        assert (strokes != before).any()
        current = (current | (strokes == INSIDE)) & (strokes != OUTSIDE)
    assert wanted[strokes == INSIDE].all()
    assert not wanted[strokes == OUTSIDE].any()


def test_where_the_mask_is_right_nothing_is_drawn():
    wanted = box(20, 20, 100, 60)
    assert not next_stroke(wanted, wanted).any()


def test_no_stroke_is_longer_than_a_hand_draws():
    strokes = next_stroke(box(55, 0, 65, 160))
    assert np.ptp(np.nonzero(strokes)[1]) <= 0.6 * SHAPE[0] + 4


def test_the_longest_path_of_a_branched_region_leaves_the_short_branch_out():
    region = box(50, 10, 53, 150) | box(40, 70, 52, 73)
    path = longest_path(region)
    assert len(path) > 125
    assert path[:, 0].min() > 45


class Painter:
    """Takes strokes as they are: the mask grows by those inside."""

    def scribble(self, frame, image, strokes, current):
        mask = np.zeros(SHAPE, bool) if current is None else current
        return (mask | (strokes == INSIDE)) & (strokes != OUTSIDE)


def test_strokes_add_up_and_every_mask_is_scored():
    wanted = box(20, 20, 40, 60)
    ious, ms = score_object(Painter(), 0, np.zeros((*SHAPE, 3), np.uint8), wanted, count=5)
    assert len(ious) == len(ms) == 5
    assert list(ious) == sorted(set(ious))
    assert 0 < ious[0] < ious[-1] <= 1


def test_a_mask_to_correct_is_where_the_first_stroke_starts_from():
    wanted = box(20, 20, 40, 60)
    almost = wanted & ~box(20, 20, 26, 60)
    ious, _ = score_object(Painter(), 0, np.zeros((*SHAPE, 3), np.uint8), wanted, 1, almost)
    assert ious[0] > 14 / 20


# The command -------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    label_map = box(20, 20, 60, 60) + np.uint8(2) * box(70, 90, 110, 150)
    for folder in ("Annotations/480p/boxes", "JPEGImages/480p/boxes"):
        (tmp_path / folder).mkdir(parents=True)
    for frame in range(3):
        name = f"480p/boxes/{frame:05d}"
        (tmp_path / "Annotations" / f"{name}.png").write_bytes(encode_png(label_map))
        Image.new("RGB", SHAPE[::-1], (frame, 0, 0)).save(tmp_path / "JPEGImages" / f"{name}.jpg")
    return tmp_path


def evaluate(*arguments):
    parser = argparse.ArgumentParser()
    davis.add_arguments(parser)
    return davis.run(parser.parse_args([str(argument) for argument in arguments]))


def test_the_table_has_a_line_per_object_and_their_mean(root, tmp_path, capsys):
    file = tmp_path / "scribbles.csv"
    given = "--davis", root, "--scribbles", "--engine", "hold", "--csv", file
    assert evaluate(*given) == 0
    with file.open(newline="") as text:
        lines = list(csv.DictReader(text))
    assert [(line["sequence"], line["object"]) for line in lines] == [
        ("boxes", "1"),
        ("boxes", "2"),
        ("all", ""),
    ]
    for column in ("IoU_1", "IoU_2", "IoU_3"):
        first, second, mean = (float(line[column]) for line in lines)
        assert 0 < first < 1
        assert mean == pytest.approx((first + second) / 2)
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_stored_results_cannot_be_scribbled_on(root, capsys):
    with pytest.raises(SystemExit, match="2"):
        evaluate("--davis", root, "--scribbles", "--results", root)
    assert "--results: not allowed with argument --scribbles" in capsys.readouterr().err
