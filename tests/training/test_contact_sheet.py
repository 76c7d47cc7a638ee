"""The sheet of what the network sees: it shows clips, strokes, and the same ones again."""

import cv2
import numpy as np
import pytest

from tests.training.small_data import write_small_data
from vos_annotator.cli import main
from vos_annotator.training.contact_sheet import draw_row
from vos_annotator.training.scenes import Clip


@pytest.fixture
def data(tmp_path):
    return write_small_data(tmp_path / "data")


def sheet(data, out, *more: str) -> np.ndarray:
    words = ["--set", "stages.0.size=64", "--set", "stages.0.length=3", "--count", "3", *more]
    assert main(["show-clips", "--data", str(data), "--out", str(out), *words]) == 0
    return cv2.imread(str(out))


def test_a_sheet_has_a_row_for_each_clip_and_the_same_seed_draws_it_again(data, tmp_path):
    first = sheet(data, tmp_path / "a" / "sheet.png", "--columns", "1")
    assert first.shape == (3 * 68, 3 * 68, 3)
    assert np.array_equal(first, sheet(data, tmp_path / "b.png", "--columns", "1"))
    assert not np.array_equal(
        first, sheet(data, tmp_path / "c.png", "--columns", "1", "--seed", "1")
    )


def test_objects_are_tinted_and_only_the_first_frame_has_strokes():
    images = np.full((2, 64, 64, 3), 100, np.uint8)
    masks = np.zeros((2, 1, 64, 64), bool)
    masks[:, :, 16:48, 16:48] = True
    row = draw_row(Clip(images, masks), np.random.default_rng(0))
    first, second = row[:64, :64], row[:64, 68:132]
    is_green = (first == (60, 255, 60)).all(2)
    assert is_green.any() and not (is_green & ~masks[0, 0]).any()
    assert not (second == (60, 255, 60)).all(2).any()
    assert second[32, 32, 0] > second[32, 32, 1]  # the first colour of DAVIS is red
    assert (second[4, 4] == 100).all()


def test_a_stage_that_is_not_there_is_named(data, tmp_path, capsys):
    words = ["show-clips", "--data", str(data), "--out", str(tmp_path / "x.png"), "--stage", "7"]
    assert main(words) == 2
    assert "count --stage from 0" in capsys.readouterr().err


def test_more_clips_than_memory_holds_are_refused_and_columns_are_no_more_than_clips(
    data, tmp_path, capsys
):
    words = ["--data", str(data), "--out", str(tmp_path / "a.png"), "--count", "100000"]
    assert main(["show-clips", *words]) == 2
    assert "at most 100" in capsys.readouterr().err
    assert sheet(data, tmp_path / "b.png", "--columns", "100000").shape == (68, 9 * 68, 3)


def test_a_seed_below_0_is_named(data, tmp_path, capsys):
    words = ["--data", str(data), "--out", str(tmp_path / "a.png"), "--seed", "-1"]
    assert main(["show-clips", *words]) == 2
    assert "--seed" in capsys.readouterr().err


def test_a_sheet_is_not_drawn_over_training_data_or_beside_it(data, tmp_path, capsys):
    pictures = [file for file in data.rglob("*.*") if file.is_file()]
    before = [file.read_bytes() for file in pictures]
    for file in (*pictures, pictures[0].with_name("new.png")):
        words = ["--data", str(data), "--out", str(file), "--set", "stages.0.size=64"]
        assert main(["show-clips", *words]) == 2
        assert "stays as it is" in capsys.readouterr().err
    assert [file.read_bytes() for file in pictures] == before
    assert not pictures[0].with_name("new.png").exists()
