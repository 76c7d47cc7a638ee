"""Doubt: what makes a mask doubtful, which frames are shown first, and how well it is known."""

import numpy as np
import pytest

from tests.evaluation.test_evaluate import evaluate, squares, write, write_pictures
from vos_annotator.engine.doubt import doubt_order, frame_doubt, worth_of
from vos_annotator.engine.protocol import Segmentation
from vos_annotator.evaluation.doubt_report import Judged, bad_frames_shown, rank_correlation


def confidence(*logits: np.ndarray) -> dict[int, float]:
    ids = tuple(range(1, len(logits) + 1))
    return Segmentation(ids, np.stack(logits).astype(np.float32), (40, 60)).confidence


def blob(height: float, left: int = 5, width: int = 10) -> np.ndarray:
    logits = np.full((40, 60), -8.0)
    logits[5:15, left : left + width] = height
    return logits


def test_a_soft_mask_is_less_sure_than_a_hard_one():
    assert confidence(blob(8.0))[1] > 0.85 > confidence(blob(1.0))[1] > confidence(blob(0.2))[1]


def test_a_mask_in_two_parts_is_less_sure_than_one_in_one():
    apart = np.maximum(blob(8.0), blob(8.0, left=40))
    assert confidence(apart)[1] < confidence(blob(8.0, width=20))[1] - 0.2


def test_parts_that_another_object_wins_count_for_nothing():
    torn = np.maximum(blob(4.0), blob(4.0, left=40))
    winner = blob(8.0, left=40)
    assert confidence(torn, winner)[1] > confidence(torn)[1] + 0.1


def test_an_object_that_is_surely_nowhere_is_surer_than_one_that_may_be():
    nowhere, maybe = np.full((40, 60), -8.0), blob(-0.1)
    assert confidence(nowhere)[1] > 0.85 > confidence(maybe)[1]


def test_the_doubt_of_a_frame_is_that_of_its_least_sure_object():
    assert frame_doubt({1: 0.9, 2: 0.4}) == pytest.approx(0.6)
    assert frame_doubt({}) == 0


def test_of_frames_alone_the_most_doubtful_is_first():
    assert doubt_order({1: 0.4, 200: 0.5, 400: 0.9}, [0]) == [400, 200, 1]
    assert doubt_order({1: 1.0, 2: 0.0}, []) == [1, 2]
    assert doubt_order({}, [3]) == []


def test_the_middle_of_what_is_doubted_comes_before_its_worst_frame_at_one_end():
    doubts = dict.fromkeys(range(10, 31), 0.5) | {10: 0.6}
    assert doubt_order(doubts, [0])[0] == 20


def test_a_correction_is_worth_what_is_doubted_up_to_the_neighbouring_references():
    doubts = np.zeros(60)
    doubts[[10, 12, 40]] = 1
    worth = worth_of(doubts, [11])
    assert worth[11] == 0
    assert worth[10] == 1 > worth[9] > worth[0] > 0  # of 12 it sees nothing
    assert worth[12] > 1  # 40 is far, but nothing lies between
    assert worth[59] > 0


def judged(*pairs: tuple[float, float]) -> list[Judged]:
    return [Judged("s", n, 1, confidence, j) for n, (confidence, j) in enumerate(pairs)]


def test_rank_correlation_is_1_where_doubt_orders_frames_as_error_does():
    assert rank_correlation(judged((0.9, 0.95), (0.5, 0.8), (0.1, 0.2))) == pytest.approx(1)
    assert rank_correlation(judged((0.1, 0.95), (0.5, 0.8), (0.9, 0.2))) == pytest.approx(-1)
    assert rank_correlation(judged((0.5, 0.95), (0.5, 0.8))) == 0


def test_the_share_of_bad_frames_is_taken_of_those_shown_first():
    rows = judged(*[(0.2, 0.3)] * 8, *[(0.9, 0.9)] * 30, *[(0.95, 0.5)] * 4)
    bad, shown = bad_frames_shown(rows)
    assert bad == 12
    assert shown == pytest.approx(0.8)


def test_the_report_scores_every_object_on_every_frame_after_the_first(tmp_path, capsys):
    masks = [squares((1, 4 + 2 * n), (2, 40)) for n in range(6)]
    write(tmp_path / "Annotations/480p/moving", masks)
    write_pictures(tmp_path / "JPEGImages/480p/moving", 6)
    file = tmp_path / "doubt.csv"
    assert evaluate("--davis", tmp_path, "--doubt", "--engine", "hold", "--csv", file) == 0
    assert "rank correlation" in capsys.readouterr().out
    assert len(file.read_text().splitlines()) == 1 + 2 * 5
