"""Damage on the disk is told of, and takes nothing with it but what lay in the damaged place."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.core.edit_stream import (
    FRAMES,
    content,
    cut_off,
    label_map_of,
    make_pictures,
    step,
)
from vos_annotator.cli import main
from vos_annotator.core.edits import ReviewEdit, ReviewSpan, ReviewState, Status
from vos_annotator.core.errors import DamagedMask, DamagedProject, UnknownVideo, UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.rescue import rescue, rescued_path
from vos_annotator.core.video import open_video

PAGE = 4096


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give a closed project, one that was cut off, and what both hold."""
    folder = tmp_path_factory.mktemp("made")
    video = open_video(make_pictures(folder / "clip"))
    project = Project.create(folder / "clip.vos", video)
    for number in range(41):
        step(project, number)
    project.apply(ReviewEdit((ReviewSpan(2, 5, ReviewState.DONE, "fine"),)))
    project.mark_stale([1], [1])
    held = content(project)
    cut_off(project, folder / "cut.vos")
    project.close()
    return folder, held


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def damaged(path: Path, place: int, data: bytes) -> bytes:
    """Write over a part of a file; return what it holds then."""
    changed = bytearray(path.read_bytes())
    changed[place : place + len(data)] = data
    path.write_bytes(changed)
    return bytes(changed)


def flipped(path: Path, place: int, bit: int = 0) -> bytes:
    return damaged(path, place, bytes([path.read_bytes()[place] ^ 1 << bit]))


def masks(held):
    return [shown for *_, shown in held["frames"]]


def opened(path):
    with Project.open(path) as project:
        return content(project)


def table_of(path, table):
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        return (connection.execute(query, (table,)).fetchone()[0] - 1) * PAGE


def test_of_a_sound_project_everything_is_rescued_but_the_steps_of_undo(folder, made):
    rescue(folder / "clip.vos", folder / "new.vos")

    with Project.open(folder / "new.vos") as new, Project.open(folder / "clip.vos") as old:
        assert masks(content(new)) == masks(made[1])
        assert content(new)["frames"] == made[1]["frames"]
        assert tuple(new.objects) == tuple(old.objects)
        assert new.reviews.spans == old.reviews.spans
        assert new.engines() == old.engines()
        assert not new.history.can_undo


def test_each_page_takes_only_what_lay_in_it_and_never_a_word_less(folder, made):
    whole = (folder / "clip.vos").read_bytes()
    for place in range(0, len(whole), PAGE):
        bad, new = folder / f"{place}.vos", folder / f"{place} new.vos"
        bad.write_bytes(whole)
        before = damaged(bad, place, bytes(PAGE))
        with open_video(folder / "clip") as video:
            told = rescue(bad, new, video)

        assert bad.read_bytes() == before
        held = opened(new)
        assert held["objects"] == made[1]["objects"] or told.other
        for frame, (is_now, was) in enumerate(zip(held["frames"], made[1]["frames"], strict=True)):
            if frame in told.lost:
                assert is_now[0].status is Status.EMPTY
            elif "objects" not in str(told):
                assert is_now[2] == was[2]
                assert is_now[0] == was[0] or frame in told.unsure


def test_a_bit_of_a_mask_takes_that_mask_alone_and_its_frame_is_named(folder, made):
    path = folder / "clip.vos"
    with closing(sqlite3.connect(path)) as connection:
        frames = dict(connection.execute("SELECT frame, png FROM pngs"))
    frame, png = max(frames.items())
    flipped(path, path.read_bytes().index(png[-60:]) + 10)

    with Project.open(path) as project:
        with pytest.raises(DamagedMask, match=f"frame {frame} in .*clip.vos was damaged"):
            _ = project.annotations[frame]
        others = [project.annotations[each].tobytes() for each in range(FRAMES) if each != frame]
    assert others == [shown for at, shown in enumerate(masks(made[1])) if at != frame]
    assert rescue(path, folder / "new.vos").lost == [frame]


def test_a_mask_that_is_missing_is_told_of_by_its_frame(folder):
    path = folder / "clip.vos"
    with closing(sqlite3.connect(path)) as connection, connection:
        frame = connection.execute("SELECT min(frame) FROM pngs").fetchone()[0]
        connection.execute("DELETE FROM pngs WHERE frame = ?", (frame,))

    with Project.open(path) as project, pytest.raises(DamagedMask, match=f"frame {frame} "):
        project.annotations.png(frame)


@pytest.mark.parametrize("table", ["history", "frames"])
def test_a_row_that_is_missing_in_the_middle_is_told_of(folder, table):
    path = folder / "clip.vos"
    with closing(sqlite3.connect(path)) as connection, connection:
        key = {"history": "position", "frames": "frame"}[table]
        middle = connection.execute(f"SELECT {key} FROM {table}").fetchall()[3][0]
        connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (middle,))

    if table == "history":
        with pytest.raises(DamagedProject, match="steps of undo are missing"):
            Project.open(path)
    else:
        assert middle in rescue(path, folder / "new.vos").unsure


def test_without_its_first_page_a_project_is_refused_and_rescued(folder, made):
    damaged(folder / "clip.vos", 0, bytes(PAGE))

    with pytest.raises(DamagedProject, match="damaged"):
        Project.open(folder / "clip.vos")
    rescue(folder / "clip.vos", folder / "new.vos")

    assert opened(folder / "new.vos")["frames"] == made[1]["frames"]


def test_changes_that_a_damaged_project_does_not_take_are_kept_by_a_copy_of_it(folder, made):
    path, new, problems = folder / "clip.vos", folder / "new.vos", []
    damaged(path, table_of(path, "pngs"), bytes(PAGE))

    project = Project.open(path)
    project.write_failed.connect(problems.append)
    frame = int(np.flatnonzero(project.annotations.statuses == Status.PREDICTION)[-1])
    project.predict(frame, encode_png(label_map_of(99)), {1: 0.5}, "hold")
    project.apply(ReviewEdit((ReviewSpan(0, 1, ReviewState.ACCEPTED),)))
    assert "was damaged there" in problems[0] and "Save a copy as" in problems[0]
    drawn = project.annotations[frame].tobytes()
    project.save_copy(new)
    project.let_go()

    assert not list(folder.glob("tmp*"))
    with Project.open(new) as copy:
        assert copy.annotations[frame].tobytes() == drawn != masks(made[1])[frame]
        assert copy.reviews.at(0).state is ReviewState.ACCEPTED
        kept = [f for f, state in enumerate(copy.annotations.statuses) if state and f != frame]
        assert len(kept) == 8
        assert all(copy.annotations[f].tobytes() == masks(made[1])[f] for f in kept)


@pytest.mark.parametrize("table", ["pngs", "frames"])
def test_what_lies_below_a_damaged_page_is_found_without_it(folder, tmp_path, table):
    path = folder / "long.vos"
    count = 300
    clip = make_pictures(tmp_path / "long", count)
    with Project.create(path, open_video(clip)) as project, project.together():
        for frame in range(count):
            png = encode_png(label_map_of(frame))
            project.predict(frame, png, {1: 0.123456, 2: 1, 3: 0.5}, "an engine of a long name")
    root = table_of(path, table)
    assert path.read_bytes()[root] == 0x05  # not a leaf
    before = opened(path)["frames"]
    damaged(path, root, bytes(PAGE))

    told = rescue(path, folder / "new.vos")

    assert not told.lost and not told.unsure
    assert opened(folder / "new.vos")["frames"] == before


def test_a_mask_of_which_nobody_knows_who_made_it_is_a_reference(folder, made):
    damaged(folder / "clip.vos", table_of(folder / "clip.vos", "frames"), bytes(PAGE))

    told = rescue(folder / "clip.vos", folder / "new.vos")

    with Project.open(folder / "new.vos") as project:
        assert list(project.annotations.references) == told.unsure
        assert len(told.unsure) == told.masks
        assert masks(content(project)) == masks(made[1])


def test_a_journal_that_was_damaged_in_its_middle_is_told_of_and_rescued_to_its_end(folder, made):
    journal = folder / "cut.vos-wal"
    assert opened_copy(folder) == made[1]
    flipped(journal, journal.stat().st_size // 2)
    files = {each: (folder / each).read_bytes() for each in ("cut.vos", "cut.vos-wal")}

    with pytest.raises(DamagedProject, match=r"last changes in .*cut\.vos-wal"):
        Project.open(folder / "cut.vos")
    told = rescue(folder / "cut.vos", folder / "new.vos")

    assert files == {each: (folder / each).read_bytes() for each in files}
    assert "what was changed last" in told.other
    frames = [f for f in range(FRAMES) if f not in told.lost]
    now, was = masks(opened(folder / "new.vos")), masks(made[1])
    assert [now[f] for f in frames] == [was[f] for f in frames] and len(told.lost) < 2


def opened_copy(folder):
    for ending in ("", "-wal"):
        shutil.copy(folder / f"cut.vos{ending}", folder / f"copy.vos{ending}")
    return opened(folder / "copy.vos")


def test_a_journal_that_lost_its_beginning_is_told_of_and_rescued(folder, made):
    damaged(folder / "cut.vos-wal", 0, bytes(PAGE))

    with pytest.raises(DamagedProject, match=r"last changes in"):
        Project.open(folder / "cut.vos")
    told = rescue(folder / "cut.vos", folder / "new.vos")

    assert "what was changed last" in told.other
    assert masks(opened(folder / "new.vos")) == masks(made[1])


@pytest.mark.parametrize("size", [1, 24 + PAGE, 24 + PAGE + 100])
def test_a_journal_that_ends_early_is_what_a_kill_leaves_and_opens(folder, size):
    journal = folder / "cut.vos-wal"
    journal.write_bytes(journal.read_bytes()[:-size])

    Project.open(folder / "cut.vos").close()


def test_a_journal_that_a_power_cut_left_with_holes_opens_as_it_was_before_them(folder, made):
    journal = folder / "cut.vos-wal"
    size = 24 + PAGE
    middle = 32 + (journal.stat().st_size - 32) // size // 2 * size
    number = int.from_bytes(journal.read_bytes()[16:20], "big")
    earlier = (number - 1).to_bytes(4, "big") + b"salt"
    damaged(journal, middle + 8, earlier)  # what the hole shows is of the journal before

    assert opened(folder / "cut.vos") != made[1]  # in which are the edits after it, too


def test_the_command_rescues_and_says_what_is_lost(folder, capsys):
    path = folder / "clip.vos"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pngs SET png = 'x' WHERE frame = (SELECT max(frame) FROM pngs)")

    assert main(["rescue", str(path), "--out", str(folder / "new.vos")]) == 0
    assert "Lost are the masks of frames 11." in capsys.readouterr().out
    assert main(["rescue", str(path), "--out", str(folder / "new.vos")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["rescue", str(folder / "gone.vos"), "--out", str(folder / "other.vos")]) == 2
    assert "gone.vos does not exist" in capsys.readouterr().err


def test_of_a_project_that_names_no_video_any_more_masks_that_fit_the_one_given_are_rescued(
    folder, made, tmp_path
):
    path = folder / "clip.vos"
    damaged(path, table_of(path, "meta"), bytes(PAGE))
    path = path.rename(folder / "odd.vos")  # beside no video
    frames = len(made[1]["frames"])

    with pytest.raises(UnknownVideo):
        rescue(path, folder / "new.vos")
    small = np.zeros((8, 8, 3), np.uint8)
    for name, pictures in (("small", [small] * frames), ("short", None)):
        other = folder / name
        other.mkdir()
        for n, picture in enumerate(pictures or []):
            cv2.imwrite(str(other / f"{n}.png"), picture)
    for file in sorted((folder / "clip").iterdir())[:4]:
        shutil.copy(file, folder / "short")
    with open_video(folder / "small") as video, pytest.raises(UserError, match="another size"):
        rescue(path, folder / "new.vos", video)
    assert not (folder / "new.vos").exists()
    with open_video(folder / "short") as video:
        assert "do not fit the video, of frames 4" in str(rescue(path, folder / "new.vos", video))
    with open_video(folder / "clip") as video:
        rescue(path, folder / "newer.vos", video, is_checked=True)
    assert opened(folder / "newer.vos")["frames"] == made[1]["frames"]


def test_a_video_that_is_given_may_have_to_be_the_one_that_the_project_names(folder):
    other = folder / "other"
    other.mkdir()
    for file in (folder / "clip").iterdir():
        cv2.imwrite(str(other / file.name), 255 - cv2.imread(str(file)))
    with open_video(other) as video, pytest.raises(UserError, match="has changed since"):
        rescue(folder / "clip.vos", folder / "new.vos", video, is_checked=True)
    assert not (folder / "new.vos").exists()


def test_where_nothing_can_be_read_nothing_is_written(folder, capsys):
    path = folder / "clip.vos"
    path.write_bytes(np.random.default_rng(0).bytes(20 * PAGE))

    with pytest.raises(UserError, match="Nothing of"):
        rescue(path, folder / "new.vos")
    assert not (folder / "new.vos").exists()


def test_a_rescued_project_gets_a_name_that_is_free(folder):
    assert rescued_path(folder / "clip.vos").name == "clip-rescued.vos"
    (folder / "clip-rescued.vos").touch()
    assert rescued_path(folder / "clip.vos").name == "clip-rescued1.vos"
