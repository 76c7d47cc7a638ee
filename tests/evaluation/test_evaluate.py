"""`evaluate` gives the figures of the official code: which frames, which objects, which means."""

import argparse
import csv

import numpy as np
import pytest
from PIL import Image

from vos_annotator.cli import main
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png, encode_png
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.evaluation import davis
from vos_annotator.evaluation.first_masks import evaluate_engine
from vos_annotator.evaluation.metrics import Statistics
from vos_annotator.evaluation.scores import Score, mean_score, score_masks
from vos_annotator.evaluation.sequences import find_sequences, read_set

SHAPE = (40, 64)


def squares(*objects):
    """A label map of 12-pixel squares, given as (id, left)."""
    ids = np.zeros(SHAPE, np.uint8)
    for object_id, left in objects:
        top = 2 if object_id % 2 else 22
        ids[top : top + 12, left : left + 12] = object_id
    return ids


def write(folder, label_maps, numbers=None):
    folder.mkdir(parents=True, exist_ok=True)
    for number, label_map in zip(numbers or range(len(label_maps)), label_maps, strict=True):
        (folder / f"{number:05d}.png").write_bytes(encode_png(label_map))


def write_pictures(folder, count):
    folder.mkdir(parents=True)
    for frame in range(count):
        Image.new("RGB", SHAPE[::-1], (frame, 0, 0)).save(folder / f"{frame:05d}.jpg")


MOVING = [squares((1, 4 + frame), (2, 30 - frame)) for frame in range(6)]


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    write(root / "Annotations/480p/moving", MOVING)
    write_pictures(root / "JPEGImages/480p/moving", 6)
    write(root / "Annotations/480p/still", [squares((1, 10))] * 5)
    write_pictures(root / "JPEGImages/480p/still", 5)
    return root


def evaluate(*arguments):
    parser = argparse.ArgumentParser()
    davis.add_arguments(parser)
    return davis.run(parser.parse_args([str(argument) for argument in arguments]))


def table(root, tmp_path, *arguments):
    file = tmp_path / "figures" / "table.csv"
    assert evaluate("--davis", root, "--csv", file, *arguments) == 0
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def shifted(label_map, columns):
    return np.roll(label_map, columns, axis=1)


# Figures -----------------------------------------------------------------------------------


def test_the_table_has_a_line_per_object_and_the_mean_over_objects_at_the_end(root, tmp_path):
    write(tmp_path / "results/moving", [shifted(ids, 3) for ids in MOVING])
    write(tmp_path / "results/still", [squares((1, 10))] * 5)
    lines = table(root, tmp_path, "--results", tmp_path / "results")

    assert list(lines[0]) == [
        *("sequence", "object", "frames", "J_mean", "J_recall", "J_decay"),
        *("F_mean", "F_recall", "F_decay", "JF_mean", "ms_per_frame"),
    ]
    names = [(line["sequence"], line["object"], line["frames"]) for line in lines]
    assert names == [
        ("moving", "1", "4"),
        ("moving", "2", "4"),
        ("still", "1", "3"),
        ("all", "", "7"),
    ]
    assert float(lines[0]["J_mean"]) == pytest.approx(9 / 15)  # 12-pixel squares, 3 apart
    assert float(lines[0]["J_recall"]) == 1
    assert float(lines[2]["JF_mean"]) == 1
    for column in ("J_mean", "F_mean", "JF_mean", "J_decay", "F_recall"):
        mean = np.mean([float(line[column]) for line in lines[:-1]])
        assert float(lines[-1][column]) == pytest.approx(mean, abs=1e-8)
    assert {line["ms_per_frame"] for line in lines} == {""}


def test_the_first_and_the_last_frame_do_not_count_and_need_no_result(root, tmp_path):
    write(tmp_path / "results/moving", MOVING[1:-1], range(1, 5))
    lines = table(root, tmp_path, "--sequences", "moving", "--results", tmp_path / "results")
    assert float(lines[-1]["JF_mean"]) == 1


def test_results_may_lie_in_the_folders_of_davis(root, tmp_path):
    write(tmp_path / "results/Annotations/480p/moving", MOVING)
    lines = table(root, tmp_path, "--sequences", "moving", "--results", tmp_path / "results")
    assert float(lines[-1]["JF_mean"]) == 1


def test_grey_annotations_of_davis_2016_are_one_object(tmp_path):
    for folder in ("root/Annotations/480p/clip", "results/clip"):
        (tmp_path / folder).mkdir(parents=True)
        for frame in range(4):
            grey = Image.fromarray(squares((1, 5 + frame)) * np.uint8(255))
            grey.save(tmp_path / folder / f"{frame:05d}.png")
    lines = table(tmp_path / "root", tmp_path, "--results", tmp_path / "results")
    assert [(line["sequence"], line["object"]) for line in lines] == [("clip", "1"), ("all", "")]
    assert float(lines[0]["JF_mean"]) == 1


def test_void_counts_as_background(tmp_path):
    truth = squares((1, 10))
    truth[30:] = 255
    write(tmp_path / "root/Annotations/480p/clip", [truth] * 3)
    write(tmp_path / "results/clip", [squares((1, 10))] * 3)
    lines = table(tmp_path / "root", tmp_path, "--results", tmp_path / "results")
    assert [line["object"] for line in lines] == ["1", ""]
    assert float(lines[0]["J_mean"]) == 1


def test_an_object_that_is_not_found_scores_zero_and_a_rightly_absent_one_full_marks(tmp_path):
    both, one = squares((1, 4), (2, 30)), squares((1, 4))
    write(tmp_path / "root/Annotations/480p/clip", [both, both, one, one])
    write(tmp_path / "results/clip", [both, one, one, one])
    lines = table(tmp_path / "root", tmp_path, "--results", tmp_path / "results")
    assert [float(line["J_mean"]) for line in lines] == [1, 0.5, 0.75]


def test_an_id_that_no_annotation_shows_counts_as_in_the_official_code_and_is_told(
    tmp_path, capsys
):
    maps = [squares((1, 4), (3, 30))] * 4
    write(tmp_path / "root/Annotations/480p/clip", maps)
    write(tmp_path / "results/clip", maps)
    lines = table(tmp_path / "root", tmp_path, "--results", tmp_path / "results")
    assert [line["object"] for line in lines] == ["1", "2", "3", ""]
    assert "no annotation shows object 2" in capsys.readouterr().err


def test_means_go_over_objects_and_time_over_frames():
    def score(sequence, object_id, frames, j, ms):
        return Score(sequence, object_id, frames, Statistics(j, j, 0), Statistics(1, 1, 0), ms)

    scores = [score("a", 1, 10, 0.5, 20), score("a", 2, 10, 0.2, 20), score("b", 1, 30, 0.2, 40)]
    mean = mean_score(scores)
    assert (mean.sequence, mean.object_id, mean.frames) == ("all", None, 40)
    assert mean.j.mean == pytest.approx(0.3)
    assert mean.jf_mean == pytest.approx(0.65)
    assert mean.ms_per_frame == pytest.approx(35)


def test_masks_are_scored_one_at_a_time_and_a_missing_one_is_noticed(root):
    (moving,) = find_sequences(root, ["moving"])
    assert score_masks(moving, iter(enumerate(MOVING)))[0].jf_mean == 1
    with pytest.raises(ValueError, match=r"moving lacks masks at positions \[3\]"):
        score_masks(moving, ((p, ids) for p, ids in enumerate(MOVING) if p != 3))


# Engines -----------------------------------------------------------------------------------


class Diary(HoldEngine):
    """Remembers what it was told."""

    def __init__(self):
        super().__init__()
        self.memorized = {}
        self.segmented = []

    def memorize(self, frame, image, label_map):
        assert image[0, 0, 0] // 2 == frame // 2  # the picture of that frame, but for JPEG
        self.memorized[frame] = label_map.copy()
        super().memorize(frame, image, label_map)

    def segment(self, frame, image, absent=()):
        self.segmented.append(frame)
        return super().segment(frame, image)

    @property
    def references(self):
        return sorted(self._references)


def test_an_engine_sees_the_first_annotation_only(root):
    engine = Diary()
    scores = evaluate_engine(engine, root, ["moving"])
    assert list(engine.memorized) == [0]
    np.testing.assert_array_equal(engine.memorized[0], MOVING[0])
    assert engine.segmented == [1, 2, 3, 4, 5]
    # The squares move a pixel a frame: overlap 11, 10, 9, 8 of 12 wide squares.
    expected = np.mean([(12 - k) / (12 + k) for k in (1, 2, 3, 4)])
    assert [score.j.mean for score in scores] == pytest.approx([expected, expected])
    assert all(score.ms_per_frame > 0 for score in scores)


def test_an_object_that_appears_later_is_given_where_it_appears_and_nothing_else(tmp_path):
    truth = [squares((1, 4 + frame)) for frame in range(8)]
    for frame in range(3, 8):
        truth[frame] = truth[frame] | squares((2, 30))
    write(tmp_path / "Annotations/clip", truth)  # as YouTube-VOS: no folder for a resolution
    write_pictures(tmp_path / "JPEGImages/clip", 8)
    engine = Diary()
    scores = evaluate_engine(engine, tmp_path)

    assert list(engine.memorized) == [0, 3]
    np.testing.assert_array_equal(engine.memorized[3], squares((1, 4), (2, 30)))
    assert engine.segmented == [1, 2, 3, 4, 5, 6, 7]
    assert [(score.object_id, score.frames) for score in scores] == [(1, 6), (2, 3)]
    assert scores[1].jf_mean == 1
    assert engine.references == []


def test_annotations_of_some_frames_only_are_matched_with_pictures_by_name(tmp_path):
    write(tmp_path / "Annotations/480p/clip", [squares((1, 4 + n)) for n in (2, 4, 6)], (2, 4, 6))
    write_pictures(tmp_path / "JPEGImages/480p/clip", 8)
    engine = Diary()
    (score,) = evaluate_engine(engine, tmp_path)
    assert list(engine.memorized) == [2]
    assert engine.segmented == [3, 4, 5, 6, 7]
    assert score.frames == 1
    assert score.j.mean == pytest.approx(10 / 14)


def test_the_engine_is_left_without_references_even_when_it_fails(root):
    class Failing(Diary):
        def segment(self, frame, image, absent=()):
            raise MemoryError

    engine = Failing()
    with pytest.raises(MemoryError):
        evaluate_engine(engine, root, ["moving"])
    assert engine.references == []


def test_kept_masks_score_what_the_engine_scored(root, tmp_path):
    run = table(root, tmp_path, "--engine", "hold", "--save", tmp_path / "kept")
    assert len(list((tmp_path / "kept/moving").glob("*.png"))) == 6
    kept = decode_png((tmp_path / "kept/moving/00005.png").read_bytes())
    np.testing.assert_array_equal(kept, MOVING[0])
    again = table(root, tmp_path, "--results", tmp_path / "kept")
    for line, same in zip(run, again, strict=True):
        assert float(line.pop("ms_per_frame")) > 0
        assert same.pop("ms_per_frame") == ""
        assert line == same


# Sets --------------------------------------------------------------------------------------


def test_without_a_choice_it_is_dev_else_val_else_everything(root):
    def names():
        return [sequence.name for sequence in find_sequences(root)]

    assert names() == ["moving", "still"]
    (root / "ImageSets/2017").mkdir(parents=True)
    (root / "ImageSets/2017/val.txt").write_text("still\n")
    assert names() == ["still"]
    (root / "ImageSets/dev.txt").write_text("\nmoving\n\n")
    assert names() == ["moving"]


def test_lists_of_davis_2017_and_2016_and_names_of_sets_are_read(root, tmp_path):
    new, old = tmp_path / "new.txt", tmp_path / "old.txt"
    new.write_text("still\nmoving\nstill\n")
    old.write_text(
        "".join(
            f"/JPEGImages/480p/{name}/{n:05d}.jpg /Annotations/480p/{name}/{n:05d}.png\n"
            for name in ("still", "moving")
            for n in range(3)
        )
    )
    (root / "ImageSets/2017").mkdir(parents=True)
    (root / "ImageSets/2017/mine.txt").write_text("moving\n")
    assert read_set(root, new) == read_set(root, old) == ["still", "moving"]
    assert read_set(root, "mine") == ["moving"]


# Mistakes ----------------------------------------------------------------------------------


def test_a_folder_that_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(UserError, match="no folder Annotations"):
        evaluate("--davis", tmp_path, "--results", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--sequences", "nowhere"), "has no sequence nowhere"),
        (("--sequences", " , "), "names none"),
        (("--set", "nothing.txt"), "no readable list"),
        (("--engine", "hold", "--size", "3"), "too small"),
        (("--engine", "crystal-ball"), "no engine crystal-ball"),
        (("--engine", "hold", "--every", "0"), "--every 0 is too small"),
        (("--results", "nowhere", "--memory", "2"), "leave out --memory"),
        (("--results", "nowhere", "--save", "kept"), "leave out --save"),
        (("--engine", "hold", "--plot", "curves.png"), "give that too"),
        (("--engine", "hold", "--doubt", "--save", "kept"), "leave it out"),
        (("--results", "nowhere"), "nowhere has no results for moving"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_sentence(root, arguments, problem):
    with pytest.raises(UserError, match=problem):
        evaluate("--davis", root, *arguments)


@pytest.mark.parametrize(
    "words",
    [
        ("--engine=hold", "--save", "root/Annotations/480p"),
        ("--engine=hold", "--csv", "root/Annotations/480p/moving/00002.png"),
        ("--engine=hold", "--csv", "root/JPEGImages/480p/still/00001.jpg"),
        ("--engine=hold", "--checkpoint=weights", "--csv", "weights"),
        ("--engine=hold", "--set=list.txt", "--csv", "list.txt"),
        ("--engine=hold", "--robot", "--plot", "root/JPEGImages/480p/still/new.png"),
        ("--results", "kept", "--csv", "kept/moving/00001.png"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_over_a_data_set_or_what_else_is_read(
    root, tmp_path, monkeypatch, words
):
    monkeypatch.chdir(tmp_path)
    for name, label_maps in (("moving", MOVING), ("still", [squares((1, 10))] * 5)):
        write(tmp_path / "kept" / name, label_maps)
    (tmp_path / "weights").write_bytes(b"weights")
    (tmp_path / "list.txt").write_text("moving\n")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    with pytest.raises(UserError, match="stays as it is"):
        evaluate("--davis", root, *words)

    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_of_two_things_to_evaluate_none_is_left_aside_without_a_word(root, capsys):
    for words in (("--results", "kept", "--robot"), ("--doubt", "--scribbles")):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", "--davis", str(root), *words])
        assert ended.value.code == 2
        assert "not allowed with" in capsys.readouterr().err


def test_a_list_without_names_is_refused(root, tmp_path):
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(UserError, match=r"empty\.txt names no sequences"):
        evaluate("--davis", root, "--set", tmp_path / "empty.txt")


@pytest.mark.parametrize(
    ("frame", "label_map", "problem"),
    [
        (2, None, r"no mask file .*00002\.png"),
        (3, squares((1, 4), (9, 30)), r"moving/00003\.png shows object 9.* highest .*is 2"),
        (4, np.zeros((20, 32), np.uint8), r"moving/00004\.png is 32x20, the truth 64x40"),
    ],
    ids=["missing", "unknown object", "another size"],
)
def test_results_that_do_not_fit_the_truth_name_the_frame(
    root, tmp_path, frame, label_map, problem
):
    results = tmp_path / "results/moving"
    write(results, MOVING)
    file = results / f"{frame:05d}.png"
    file.unlink()
    if label_map is not None:
        file.write_bytes(encode_png(label_map))
    with pytest.raises(UserError, match=problem):
        evaluate("--davis", root, "--sequences", "moving", "--results", tmp_path / "results")


def test_sequences_that_cannot_be_scored_are_named(root, tmp_path):
    write(root / "Annotations/480p/short", [squares((1, 4))] * 2)
    with pytest.raises(UserError, match=r"short has 2 annotations"):
        evaluate("--davis", root, "--sequences", "short", "--engine", "hold")

    write(root / "Annotations/480p/empty", [squares()] * 4)
    with pytest.raises(UserError, match=r"empty shows no object"):
        evaluate("--davis", root, "--sequences", "empty", "--engine", "hold")

    write(root / "Annotations/480p/late", [squares()] * 4 + [squares((1, 4))])
    with pytest.raises(UserError, match="no frames to score"):
        evaluate("--davis", root, "--sequences", "late", "--engine", "hold")


def test_pictures_that_do_not_fit_the_annotations_are_named(root):
    (root / "JPEGImages/480p/still/00003.jpg").unlink()
    with pytest.raises(UserError, match=r"no picture for .*00003\.png"):
        evaluate_engine(HoldEngine(), root, ["still"])

    write(root / "Annotations/480p/moving", [np.ones((20, 32), np.uint8)] * 6)
    with pytest.raises(UserError, match="differ in size"):
        evaluate_engine(HoldEngine(), root, ["moving"])
