"""A batch gives what single runs give, goes on after whatever happens, and does nothing twice."""

import hashlib
import io
import json
import os
import shutil
import signal
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.core.edit_stream import cut_off
from tests.core.small_disk import full_disk
from vos_annotator import Project, open_video, propagate
from vos_annotator.batch.clips import Clip, read_clips
from vos_annotator.batch.places import Output
from vos_annotator.batch.processes import Processes
from vos_annotator.batch.run import Ended, Entry, Progress, run
from vos_annotator.batch.table import Lines, Rows, view
from vos_annotator.batch.work import Divided, Done, Settings, Task, parts, work
from vos_annotator.cli import main
from vos_annotator.core.davis import annotation_path
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.choice import EngineChoice

SHAPE, FRAMES = (48, 64), 10
HOLD = Settings(EngineChoice("hold"), 48, False, True, 300)


def scene(frame):
    """Return a picture and its label map: a bright square that moves over noise."""
    picture = np.random.default_rng(1).integers(0, 90, (*SHAPE, 3), np.uint8)
    label_map = np.zeros(SHAPE, np.uint8)
    place = slice(14, 34), slice(8 + 2 * frame, 28 + 2 * frame)
    picture[place], label_map[place] = (250, 90, 40), 1
    return picture, label_map


def make_clip(folder, name, references=(0, 4, 7), frames=FRAMES):
    """Write a folder of frames with its masks beside it; return both."""
    video, masks = folder / name, folder / f"{name}_masks"
    for each in (video, masks):
        each.mkdir(parents=True)
    for frame in range(frames):
        Image.fromarray(scene(frame)[0]).save(video / f"{frame:05d}.png")
    for frame in references:
        (masks / f"{frame:05d}.png").write_bytes(encode_png(scene(frame)[1]))
    return video, masks


def batch(*words):
    return main([str(word) for word in ("batch", *words)])


def written(out, name, frames=FRAMES):
    return [annotation_path(out, name, frame).read_bytes() for frame in range(frames)]


def when(out):
    """Return when each mask was written."""
    return {path: path.stat().st_mtime_ns for path in (out / "Annotations").rglob("*.png")}


def report(out):
    found = json.loads((out / "batch" / "report.json").read_text("utf-8"))
    return {row["name"]: row for row in found["clips"]}


def task_of(video, masks, out, settings=HOLD):
    return Task(Clip(video.name, str(video), str(masks)), settings, str(out))


def test_two_workers_and_cut_clips_give_the_bytes_of_single_runs(tmp_path, capsys):
    pair = [make_clip(tmp_path / "clips", name) for name in ("a", "b")]
    size = ("--size", "48")
    for video, masks in pair:
        words = ["propagate", video, "--masks", masks, "--out", tmp_path / "single", *size]
        assert main([str(word) for word in words]) == 0

    out = tmp_path / "out"
    assert batch(tmp_path / "clips", "--out", out, "--workers", 2, "--part", 3, *size) == 0

    for name in ("a", "b"):
        assert written(out, name) == written(tmp_path / "single", name)
        assert report(out)[name]["parts"] == 3
        assert report(out)[name]["written"] == FRAMES
    assert len(set(written(out, "a"))) > 5  # there was something to compare
    assert "2 of 2" in capsys.readouterr().out


def test_a_project_gives_what_the_window_would_and_stays_as_it_is(tmp_path):
    video, _ = make_clip(tmp_path / "clips", "a")
    with Project.create(tmp_path / "clips" / "a.vos", open_video(video)) as project:
        project.set_references({frame: scene(frame)[1] for frame in (0, 5)})
        project.set_references({9: scene(9)[1] * 3})
    before = hashlib.sha256((tmp_path / "clips" / "a.vos").read_bytes()).hexdigest()

    jobs = tmp_path / "clips" / "jobs.toml"
    jobs.write_text('[[clips]]\nproject = "a.vos"\nname = "of project"\n')
    assert batch(jobs, "--out", tmp_path / "out", "--engine", "hold", "--part", 4) == 0

    assert hashlib.sha256((tmp_path / "clips" / "a.vos").read_bytes()).hexdigest() == before
    assert [each.name for each in (tmp_path / "clips").glob("*.vos*")] == ["a.vos"]
    with Project.open(tmp_path / "clips" / "a.vos") as project:
        propagate(project, "hold")
        ours = [project.annotations.png(frame) for frame in range(FRAMES)]
    assert written(tmp_path / "out", "of project") == ours


def test_a_project_that_is_open_in_a_window_is_told_and_one_cut_off_is_read_whole(tmp_path):
    video, _ = make_clip(tmp_path, "a")
    clip = Clip("a", project=str(tmp_path / "a.vos"))
    with Project.create(tmp_path / "a.vos", open_video(video)) as project:
        project.set_references({0: scene(0)[1]})
        assert "close that one first" in work(Task(clip, HOLD, str(tmp_path / "out")), {}).error
        cut_off(project, tmp_path / "b.vos")
    clip = Clip("b", project=str(tmp_path / "b.vos"))
    assert work(Task(clip, HOLD, str(tmp_path / "out")), {}).frames == FRAMES


def test_what_is_no_project_is_told_by_its_own_name_not_by_that_of_the_copy_that_is_read(tmp_path):
    empty = tmp_path / "a.vos"
    empty.touch()
    task = Task(Clip("a", project=str(empty)), HOLD, str(tmp_path / "out"))
    assert work(task, {}).error.startswith(f"{empty} is not a project")


def test_a_disk_too_full_for_the_copy_of_a_project_is_no_damage_of_the_project(tmp_path):
    video, _ = make_clip(tmp_path, "a")
    with Project.create(tmp_path / "a.vos", open_video(video)) as project:
        project.set_references({0: scene(0)[1]})
    task = Task(Clip("a", project=str(tmp_path / "a.vos")), HOLD, str(tmp_path / "out"))
    with full_disk(1000):
        error = work(task, {}).error
    assert "the disk is full: free some space" in error and "damaged" not in error
    assert work(task, {}).frames == FRAMES


def test_a_clip_that_fails_stops_no_other_and_is_told_in_one_sentence(tmp_path, capsys):
    video, _ = make_clip(tmp_path / "clips", "bad")
    make_clip(tmp_path / "clips", "good")
    (video / "00006.png").write_bytes(b"no picture")

    assert batch(tmp_path / "clips", "--out", tmp_path / "out", "--engine", "hold") == 1

    rows = report(tmp_path / "out")
    assert rows["good"]["state"] == "done" and rows["good"]["frames"] == FRAMES
    assert rows["bad"]["state"] == "failed"
    assert "00006.png" in rows["bad"]["error"] and "\n" not in rows["bad"]["error"]
    assert rows["bad"]["report"] == ""  # it is the user's to mend, and no fault of the program
    assert "00006.png" in (tmp_path / "out" / "batch" / "report.txt").read_text("utf-8")
    assert "1 failed" in capsys.readouterr().out

    good, again = when(tmp_path / "out"), scene(6)[0]
    Image.fromarray(again).save(video / "00006.png")
    assert batch(tmp_path / "clips", "--out", tmp_path / "out", "--engine", "hold") == 0
    assert report(tmp_path / "out")["good"]["state"] == "known"
    assert good.items() <= when(tmp_path / "out").items()


def test_void_of_given_masks_is_no_object(tmp_path):
    video, masks = make_clip(tmp_path, "a", references=(0,))
    bordered = scene(0)[1]
    bordered[[0, -1]] = 255
    (masks / "00000.png").write_bytes(encode_png(bordered))

    assert work(task_of(video, masks, tmp_path / "out"), {}).frames == FRAMES
    assert written(tmp_path / "out", "a") == [encode_png(scene(0)[1])] * FRAMES


def test_what_is_finished_is_neither_computed_nor_written_again(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    task = task_of(video, masks, tmp_path / "out")
    first = work(task, {})
    before = when(tmp_path / "out")

    again = work(task, {})
    assert (first.written, again.written, again.is_new) == (FRAMES, 0, False)
    assert when(tmp_path / "out") == before

    (masks / "00007.png").write_bytes(encode_png(scene(3)[1]))  # other masks: all is to do
    other = work(task, {})
    assert other.is_new and 0 < other.written < FRAMES  # what came out the same was left


def test_after_a_kill_the_rest_is_done_and_no_mask_is_written_twice(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    task = task_of(video, masks, tmp_path / "out")

    def killed(done, total):
        if done == 6:
            raise SystemExit

    with pytest.raises(SystemExit):
        work(task, {}, killed)
    before = when(tmp_path / "out")
    assert len(before) == 6

    done = work(task, {})
    assert (done.frames, done.written) == (FRAMES, FRAMES - 6)
    assert before.items() <= when(tmp_path / "out").items()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to send")
def test_a_worker_that_is_killed_is_replaced_and_its_task_done_again(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    pool = Processes(1)
    try:
        pool.submit(task_of(video, masks, tmp_path / "out"))
        assert isinstance(pool.next(), Progress)
        first = pool._workers[0].process.pid
        os.kill(first, signal.SIGKILL)
        while not isinstance(event := pool.next(), Ended):
            pass
        assert pool._workers[0].process.pid != first or event.result.written == FRAMES
    finally:
        pool.close()
    assert event.result.frames == FRAMES and not event.result.error
    assert len(when(tmp_path / "out")) == FRAMES


class Told:
    """A pool that does its tasks at once, in this process; `fails` says which it fails."""

    room = 2

    def __init__(self, fails=lambda task: ""):
        self._events, self._fails, self.seen = [], fails, []

    def submit(self, task):
        self.seen.append(task.part)
        error = self._fails(task)
        self._events.append(Ended(task, Done(error=error) if error else work(task, {})))

    def next(self):
        return self._events.pop(0)

    def close(self):
        pass


def test_when_a_part_fails_no_further_part_of_its_clip_is_begun(tmp_path):
    video, masks = make_clip(tmp_path, "a", references=range(0, 10, 2))
    clip = Clip("a", str(video), str(masks))
    pool = Told(lambda task: "It broke." if task.part and task.part[0] == 2 else "")
    (entry,) = run([clip], replace(HOLD, part=2), str(tmp_path / "out"), pool)

    assert (entry.state, entry.error) == ("failed", "It broke.")
    assert (8, 10) not in pool.seen
    assert "key" not in Output(str(tmp_path / "out")).get_json("batch/a.json")

    (entry,) = run([clip], replace(HOLD, part=2), str(tmp_path / "out"), Told())
    assert entry.state == "done" and entry.written < FRAMES  # the other parts were kept
    (entry,) = run([clip], HOLD, str(tmp_path / "out"), Told())
    assert entry.state == "known"  # in whatever parts


def test_of_a_clip_with_a_damaged_frame_all_other_masks_are_made_and_it_is_told(tmp_path):
    video, masks = make_clip(tmp_path, "a", references=range(0, 10, 2))
    (video / "00001.png").write_bytes((video / "00001.png").read_bytes()[:200])
    clip = Clip("a", str(video), str(masks))
    (entry,) = run([clip], replace(HOLD, part=2), str(tmp_path / "out"), Told())

    assert entry.state == "failed" and entry.error.startswith("1 frame was passed over")
    assert "00001.png" in entry.error
    assert {path.stem for path in when(tmp_path / "out")} == {
        f"{frame:05d}" for frame in range(FRAMES) if frame != 1
    }


def test_inputs_and_outputs_may_be_in_a_store(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    video, masks = make_clip(tmp_path, "a")
    store = fsspec.filesystem("memory")
    for folder in (video, masks):
        store.put(str(folder), f"/in/{folder.name}", recursive=True)
    clip = Clip("a", "memory://in/a", "memory://in/a_masks")
    out = "memory://out/masks"
    done = work(Task(clip, HOLD, out), {})
    assert (done.frames, done.written, done.error) == (FRAMES, FRAMES, "")
    done = work(Task(clip, HOLD, out), {})
    assert (done.frames, done.written, done.is_new) == (FRAMES, 0, False)

    assert work(task_of(video, masks, tmp_path / "out"), {}).written == FRAMES
    local = written(tmp_path / "out", "a")
    inside = [f"/out/masks/Annotations/480p/a/{frame:05d}.png" for frame in range(FRAMES)]
    assert [store.cat_file(name) for name in inside] == local
    store.rm("/in", recursive=True)
    gone = work(Task(clip, HOLD, out), {})
    assert gone.error == "memory://in/a does not exist; check the name."


@pytest.mark.parametrize("seed", range(20))
def test_parts_begin_at_references_and_cover_every_frame_once(seed):
    rng = np.random.default_rng(seed)
    count, least = int(rng.integers(1, 400)), int(rng.integers(1, 120))
    references = sorted({*rng.integers(0, count, rng.integers(1, 12)).tolist()})
    cut = parts(references, count, least)

    assert [frame for first, end in cut for frame in range(first, end)] == [*range(count)]
    assert all(first in references for first, _ in cut[1:])
    assert len(cut) == 1 or min(end - first for first, end in cut) >= least


def test_a_folder_gives_projects_and_videos_with_masks_beside_them(tmp_path):
    make_clip(tmp_path, "both")
    _, masks = make_clip(tmp_path, "first")
    (tmp_path / "first.png").write_bytes((masks / "00000.png").read_bytes())
    for file in masks.iterdir():
        file.unlink()
    masks.rmdir()
    for name in ("lonely.mp4", "made.mp4", "made.mp4.vos", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")

    clips, left_out = read_clips(tmp_path)
    assert {clip.name: (clip.masks or clip.project).split("/")[-1] for clip in clips} == {
        "made": "made.mp4.vos",
        "both": "both_masks",
        "first": "first.png",
    }
    assert left_out == ["lonely.mp4"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clips = 3", "no list of clips"),
        ("[[clips]\n", "no list of clips"),
        ('[[clips]]\nvideo = "a.mp4"\n', "needs a video and its masks"),
        ('[[clips]]\nvideo = "a.mp4"\nmask = "a.png"\n', "mask"),
        ('[[clips]]\nproject = "s3://b/a.vos"\n', "say where its video is"),
        ('[[clips]]\nproject = "a.vos"\n[[clips]]\nproject = "b/A.vos"\n', "both be called"),
        ("clips = []", "holds no projects"),
    ],
)
def test_a_list_that_makes_no_sense_is_told_in_one_sentence(tmp_path, capsys, text, words):
    (tmp_path / "jobs.toml").write_text(text)
    assert batch(tmp_path / "jobs.toml", "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") <= 2
    assert not (tmp_path / "out").exists()


def test_options_that_cannot_be_are_told(tmp_path, capsys):
    make_clip(tmp_path, "a")
    for option, value in (("--workers", 0), ("--part", 0), ("--size", 3), ("--engine", "no")):
        assert batch(tmp_path, "--out", tmp_path / "out", option, value) == 2
        assert str(value) in capsys.readouterr().err
    with pytest.raises(UserError, match=r"gone\.toml"):
        read_clips(tmp_path / "gone.toml")


def test_frames_of_another_clip_are_never_mixed_with_the_results(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    stranger = annotation_path(tmp_path / "out", "a", 99)
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"of another clip")
    done = work(task_of(video, masks, tmp_path / "out"), {})
    assert "00099.png" in done.error
    assert [path.name for path in stranger.parent.iterdir()] == ["00099.png"]


def test_masks_are_never_written_among_the_pictures_of_their_clip(tmp_path):
    folder = tmp_path / "out" / "Annotations" / "480p"
    video, masks = make_clip(folder, "a")
    for file in video.iterdir():
        cv2.imwrite(str(file.with_suffix(".jpg")), cv2.imread(str(file)))
        file.unlink()
    before = sorted(video.iterdir())
    done = work(task_of(video, masks, tmp_path / "out"), {})
    assert "is the video of a itself" in done.error and not done.report
    assert sorted(video.iterdir()) == before


def test_masks_that_no_batch_left_are_never_written_over(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    drawn = annotation_path(tmp_path / "out", "a", 5)
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(encode_png(scene(9)[1]))
    before = drawn.read_bytes()
    for settings in (HOLD, replace(HOLD, part=3)):
        done = work(task_of(video, masks, tmp_path / "out", settings), {})
        assert "holds masks that no batch left there, 00005.png" in done.error
        assert not done.report
    assert drawn.read_bytes() == before
    assert [path.name for path in drawn.parent.iterdir()] == ["00005.png"]

    drawn.unlink()
    task = task_of(video, masks, tmp_path / "out")
    assert work(task, {}).written == FRAMES
    (masks / "00007.png").write_bytes(encode_png(scene(3)[1]))
    assert not work(task, {}).error  # these are the batch's own


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_masks_that_are_given_are_never_written_over_whatever_links_lead_to_them(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    out = tmp_path / "out"
    task = task_of(video, masks, out)
    assert work(task, {}).frames == FRAMES
    corrected = annotation_path(out, "a", 4)
    corrected.write_bytes(encode_png(scene(8)[1]))
    before = when(out)
    linked = tmp_path / "linked"
    linked.symlink_to(out, target_is_directory=True)
    first = annotation_path(out, "a", 0)
    for given in (first.parent, first, out, linked, annotation_path(linked, "a", 0)):
        done = work(task_of(video, given, out), {})
        assert "is given" in done.error and first.name in done.error, given
        assert not work(task_of(video, given, tmp_path / "other"), {}).error
    link = annotation_path(out, "a", FRAMES - 1)
    link.unlink()
    link.symlink_to(masks / "00000.png")
    assert "is given" in work(task_of(video, link, out), {}).error
    assert link.is_symlink() and when(out).keys() == before.keys()


def test_masks_that_are_given_in_a_store_are_never_written_over(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    video, masks = make_clip(tmp_path, "a")
    store = fsspec.filesystem("memory")
    store.put(str(masks), "/given/Annotations/480p/a", recursive=True)
    for given in ("memory://given", "memory://given/Annotations/480p/a/00000.png"):
        clip = Clip("a", str(video), given)
        assert "00000.png is given" in work(Task(clip, HOLD, "memory://given"), {}).error
        assert work(Task(clip, HOLD, str(tmp_path / "out")), {}).error == ""


def test_what_other_settings_began_to_write_over_is_not_finished(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    other = replace(HOLD, refines=False)

    def killed(done, total):
        raise SystemExit

    for part in (300, 3):
        tasks = [
            task_of(video, masks, tmp_path / f"out{part}", replace(settings, part=part))
            for settings in (HOLD, other)
        ]
        found = [work(task, {}) for task in tasks]
        if part == 3:
            tasks = [each.tasks[0] for each in found]
            found = [work(task, {}) for task in tasks]
        assert all(each.is_new for each in found)
        with pytest.raises(SystemExit):
            work(tasks[0], {}, killed)
        assert work(tasks[1], {}).is_new


@pytest.mark.parametrize("part", [300, 3])
def test_masks_that_have_gone_are_made_again(tmp_path, part):
    video, masks = make_clip(tmp_path, "a")
    clip, out = Clip("a", str(video), str(masks)), tmp_path / "out"

    def again():
        (entry,) = run([clip], replace(HOLD, part=part), str(out), Told())
        return entry.state, entry.written

    assert again() == ("done", FRAMES)
    before = written(out, "a")
    annotation_path(out, "a", 5).unlink()
    assert again() == ("done", 1)
    shutil.rmtree(out / "Annotations")
    assert again() == ("done", FRAMES)
    assert written(out, "a") == before
    assert again() == ("known", 0)


def test_a_correction_that_is_in_a_projects_journal_alone_is_never_missed(tmp_path):
    video, _ = make_clip(tmp_path, "a")
    with Project.create(tmp_path / "a.vos", open_video(video)) as project:
        project.set_references({0: scene(0)[1]})
    task = Task(Clip("a", project=str(tmp_path / "a.vos")), HOLD, str(tmp_path / "out"))
    assert work(task, {}).is_new and not work(task, {}).is_new

    with Project.open(tmp_path / "a.vos") as project:
        project.set_references({0: scene(0)[1] * 7})
        assert "close that one first" in work(task, {}).error
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        cut_off(project, crashed / "a.vos")
    (tmp_path / "a.vos").unlink()
    for part in crashed.iterdir():
        shutil.copy2(part, tmp_path)
    assert (tmp_path / "a.vos-wal").exists()
    assert work(task, {}).is_new
    assert written(tmp_path / "out", "a")[5] == encode_png(scene(0)[1] * 7)
    assert not work(task, {}).is_new  # it was read, and its journal is as it was


def test_a_projects_journal_comes_along_from_a_store(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    video, _ = make_clip(tmp_path, "a")
    store = fsspec.filesystem("memory")
    with Project.create(tmp_path / "a.vos", open_video(video)) as project:
        project.set_references({0: scene(0)[1]})
        project.save_copy(tmp_path / "copy.vos")
        project.set_references({0: scene(0)[1] * 7})
        cut_off(project, tmp_path / "b.vos")
    task = Task(Clip("b", str(video), project="memory://p/b.vos"), HOLD, str(tmp_path / "out"))
    store.put(str(tmp_path / "copy.vos"), "/p/b.vos")
    assert work(task, {}).error == ""
    for part in tmp_path.glob("b.vos*"):
        store.put(str(part), f"/p/{part.name}")
    assert store.exists("/p/b.vos-wal")
    assert work(task, {}).is_new
    assert written(tmp_path / "out", "b")[5] == encode_png(scene(0)[1] * 7)


def test_of_a_folder_of_sequences_only_the_one_that_is_read_makes_a_clip_new(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    sequences = tmp_path / "davis" / "Annotations" / "480p"
    for name in ("a", "b"):
        shutil.copytree(masks, sequences / name)
    task = task_of(video, tmp_path / "davis", tmp_path / "out")
    assert work(task, {}).is_new and not work(task, {}).is_new

    (sequences / "b" / "00000.png").write_bytes(encode_png(scene(3)[1]))
    assert not work(task, {}).is_new
    (sequences / "a" / "00000.png").write_bytes(encode_png(scene(0)[1] * 3))
    assert work(task, {}).is_new
    assert written(tmp_path / "out", "a")[0] == encode_png(scene(0)[1] * 3)

    fsspec = pytest.importorskip("fsspec")  # and likewise if the video alone is in a store
    fsspec.filesystem("memory").put(str(video), "/videos/a", recursive=True)
    clip = Clip("a", "memory://videos/a", str(tmp_path / "davis"))
    task = Task(clip, HOLD, str(tmp_path / "out"))
    assert work(task, {}).frames == FRAMES and not work(task, {}).is_new
    (sequences / "a" / "00000.png").write_bytes(encode_png(scene(0)[1] * 5))
    assert work(task, {}).is_new


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_has_a_table_and_a_file_has_lines():
    pytest.importorskip("rich")
    failed = Entry(Clip("b"))
    failed.take(None, Done(error="It has gone."))
    entry = Entry(Clip("a"), "running", running={None: (3, 10)})
    for stream, kind in ((Terminal(), Rows), (io.StringIO(), Lines)):
        with view(2, stream) as shown:
            assert isinstance(shown, kind)
            for each in (entry, failed):
                shown.show(each)
        said = stream.getvalue()
        assert "It has gone." in said and "1 of 2" in said
        assert ("3 frames" in said) == stream.isatty()


def test_an_output_keeps_what_is_the_same_and_reads_no_nonsense(tmp_path):
    output = Output(str(tmp_path))
    assert output.put("a/b.png", b"x") and not output.put("a/b.png", b"x")
    assert output.names("a") == ["b.png"] and output.names("c") == []
    (tmp_path / "note.json").write_text("[1")
    assert output.get_json("note.json") == {} == output.get_json("none.json")


def test_a_clip_that_is_cut_says_so_once_it_is_opened(tmp_path):
    video, masks = make_clip(tmp_path, "a")
    found = work(task_of(video, masks, tmp_path / "out", replace(HOLD, part=3)), {})
    assert isinstance(found, Divided)
    assert [task.part for task in found.tasks] == [(0, 4), (4, 7), (7, 10)]
    assert not (tmp_path / "out" / "Annotations").exists()
