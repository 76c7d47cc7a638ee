"""`propagate` gives the window's masks, leaves references alone and says what is wrong."""

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.ui.window import isolate_settings
from vos_annotator.cli import main
from vos_annotator.core.davis import annotation_path
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.masks import PALETTE, decode_png, encode_png, object_ids
from vos_annotator.core.project import Project
from vos_annotator.core.video import Video, open_video
from vos_annotator.engine.headless import propagated_pngs
from vos_annotator.engine.registry import load_engine
from vos_annotator.engine.remote import load_remote
from vos_annotator.engine.worker import RESULTS_WAITING

FRAMES, SHAPE, SIZE = 10, (96, 128), 96
SECOND = 6  # the second reference


def scene(frame):
    """Return a picture and its label map: a disc that moves right, a square that rises."""
    rng = np.random.default_rng(7)
    picture = cv2.blur(rng.integers(0, 256, (*SHAPE, 3), np.uint8), (9, 9))
    label_map = np.zeros(SHAPE, np.uint8)
    cv2.circle(label_map, (30 + 5 * frame, 40), 16, 1, -1)
    cv2.rectangle(label_map, (90, 70 - 3 * frame), (110, 90 - 3 * frame), 2, -1)
    picture[label_map == 1] = (230, 60, 40)
    picture[label_map == 2] = (40, 90, 230)
    return picture, label_map


def write_masks(folder, frames):
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        (folder / f"{frame:05d}.png").write_bytes(encode_png(scene(frame)[1]))
    return folder


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for frame in range(FRAMES):
        Image.fromarray(scene(frame)[0]).save(folder / f"{frame:05d}.png")
    return folder


def command(clip, masks, out, *more, engine="hold"):
    words = ["propagate", clip, "--masks", masks, "--out", out, "--size", SIZE, "--engine", engine]
    return main([str(word) for word in [*words, *more]])


def written(out, name="clip"):
    return [annotation_path(out, name, frame).read_bytes() for frame in range(FRAMES)]


def window_masks(qtbot, clip, corrections, learns=False, load=load_engine):
    """Return the PNGs that the window's bridge and worker give after some corrections."""
    from vos_annotator.ui.bridge import EngineBridge
    from vos_annotator.ui.document import Document

    project = Project.for_video(open_video(clip))
    document = Document(project)
    bridge = EngineBridge(document, "mobilevos", SIZE, load)
    messages = []
    bridge.message.connect(messages.append)
    bridge.learning.is_on = learns
    try:
        for n, correction in enumerate(corrections):
            document.import_references(correction)
            if n == 0:
                bridge.propagate()
            qtbot.waitUntil(lambda: bridge.busy, timeout=10_000)
            qtbot.waitUntil(lambda: not bridge.busy, timeout=120_000)
        if learns:
            qtbot.waitUntil(lambda: any("Learnt" in m for m in messages), timeout=120_000)
            qtbot.waitUntil(lambda: not bridge.busy, timeout=120_000)
        return [project.annotations.png(frame) for frame in range(FRAMES)]
    finally:
        bridge.close()
        project.close()


@pytest.mark.parametrize(
    "corrections",
    [[(0, SECOND)], [(0,), (SECOND,)]],
    ids=["both references at once", "the second as a correction of the first run"],
)
def test_masks_are_those_of_the_window_byte_for_byte(qtbot, clip, tmp_path, corrections):
    masks = write_masks(tmp_path / "masks", (0, SECOND))
    assert command(clip, masks, tmp_path / "out", engine="mobilevos") == 0

    drawn = [{frame: scene(frame)[1] for frame in one} for one in corrections]
    in_window = window_masks(qtbot, clip, drawn, load=load_remote)

    assert written(tmp_path / "out") == in_window
    found = read_label_map(annotation_path(tmp_path / "out", "clip", 3))
    assert set(np.unique(found)) == {0, 1, 2}  # there was something to compare


def test_learning_gives_other_masks_and_again_those_of_the_window(qtbot, clip, tmp_path):
    isolate_settings(tmp_path / "settings")
    references = (0, 3, SECOND)
    masks = write_masks(tmp_path / "masks", references)
    assert command(clip, masks, tmp_path / "plain", engine="mobilevos") == 0
    assert command(clip, masks, tmp_path / "learnt", "--learn", engine="mobilevos") == 0

    corrections = [{frame: scene(frame)[1]} for frame in references]
    in_window = window_masks(qtbot, clip, corrections, learns=True)

    assert written(tmp_path / "learnt") == in_window != written(tmp_path / "plain")


def test_references_come_out_untouched_and_every_mask_is_indexed_at_source_size(clip, tmp_path):
    masks = write_masks(tmp_path / "masks", (2, SECOND))

    assert command(clip, masks, tmp_path / "out", "--name", "named") == 0

    folder = tmp_path / "out" / "Annotations" / "480p" / "named"
    assert sorted(os.listdir(folder)) == [f"{frame:05d}.png" for frame in range(FRAMES)]
    for frame in range(FRAMES):
        with Image.open(folder / f"{frame:05d}.png") as image:
            assert image.mode == "P"
            assert image.size == SHAPE[::-1]
            assert image.getpalette() == PALETTE.ravel().tolist()
    for frame in (2, SECOND):
        mask = folder / f"{frame:05d}.png"
        assert mask.read_bytes() == (masks / mask.name).read_bytes()


def test_a_single_png_is_the_first_frame_whatever_its_name(clip, tmp_path):
    mask = write_masks(tmp_path / "masks", [0]) / "00000.png"
    mask = mask.rename(tmp_path / "my mask.png")

    assert command(clip, mask, tmp_path / "out") == 0
    assert written(tmp_path / "out") == [mask.read_bytes()] * FRAMES


def test_255_beside_other_numbers_is_void_and_alone_it_is_an_object(clip, tmp_path):
    bordered = scene(0)[1]
    bordered[[0, -1]] = 255
    masks = write_masks(tmp_path / "masks", [0, SECOND])
    (masks / "00000.png").write_bytes(encode_png(bordered))
    only = tmp_path / "only.png"
    only.write_bytes(encode_png(np.where(scene(0)[1] == 1, np.uint8(255), np.uint8(0))))

    assert command(clip, masks, tmp_path / "out") == command(clip, only, tmp_path / "alone") == 0

    assert written(tmp_path / "out")[0] == encode_png(scene(0)[1])
    for png in written(tmp_path / "out"):
        assert object_ids(decode_png(png)) == (1, 2)
    assert written(tmp_path / "alone") == [only.read_bytes()] * FRAMES


def test_a_video_whose_frames_are_all_references_needs_no_propagation(clip, tmp_path):
    masks = write_masks(tmp_path / "masks", range(FRAMES))

    assert command(clip, masks, tmp_path / "out") == 0
    assert written(tmp_path / "out") == [(masks / f"{n:05d}.png").read_bytes() for n in range(10)]


def test_a_mask_of_another_size_is_scaled_to_the_video(clip, tmp_path):
    label_map = scene(0)[1]
    double = cv2.resize(label_map, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    mask = tmp_path / "large.png"
    mask.write_bytes(encode_png(double))

    assert command(clip, mask, tmp_path / "out") == 0
    assert (read_label_map(annotation_path(tmp_path / "out", "clip", 0)) == label_map).all()


def test_mistakes_are_told_in_one_sentence_and_nothing_is_written(clip, tmp_path, capsys):
    good = write_masks(tmp_path / "masks", [0])
    beyond = write_masks(tmp_path / "beyond", [0]) / "00000.png"
    beyond.rename(beyond.with_name(f"{FRAMES:05d}.png"))
    (tmp_path / "nothing").mkdir()
    blank = tmp_path / "blank.png"
    blank.write_bytes(encode_png(np.zeros(SHAPE, np.uint8)))
    tall = tmp_path / "tall.png"
    tall.write_bytes(encode_png(np.ones((100, 50), np.uint8)))
    text = tmp_path / "text.png"
    text.write_text("no picture")
    out = tmp_path / "out"
    mistakes = [
        ((tmp_path / "gone", good, out), "gone"),
        ((clip, tmp_path / "gone.png", out), "gone.png"),
        ((clip, tmp_path / "nothing", out), "no PNG"),
        ((clip, beyond.parent, out), f"{FRAMES:05d}.png"),
        ((clip, blank, out), "no object"),
        ((clip, tall, out), "50x100"),
        ((clip, text, out), "text.png"),
        ((clip, good, out, "--size", "3"), "--size 3"),
    ]
    for arguments, words in mistakes:
        assert command(*arguments) == 2
        told = capsys.readouterr().err
        assert words in told
        assert told.count("\n") == 1
    assert not out.exists()

    assert command(clip, good, out, engine="no such") == 2
    assert "hold" in capsys.readouterr().err
    assert not list(out.rglob("*.png"))


def test_a_place_that_cannot_be_written_is_told(clip, tmp_path, capsys):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")

    assert command(clip, write_masks(tmp_path / "masks", [0]), in_the_way) == 2
    assert str(in_the_way) in capsys.readouterr().err


def test_the_given_masks_are_never_mixed_with_the_results(clip, tmp_path, capsys):
    masks = write_masks(tmp_path / "out" / "Annotations" / "480p" / "clip", [0, SECOND])
    before = {file: file.read_bytes() for file in masks.iterdir()}

    for given in (masks, tmp_path / "out", *before):  # each file alone is the first frame's mask
        assert command(clip, given, tmp_path / "out") == 2, given
        assert "--name" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in masks.iterdir()} == before


def test_masks_that_are_there_already_are_written_over_only_if_that_is_said(clip, tmp_path, capsys):
    masks = write_masks(tmp_path / "masks", [0])
    there = write_masks(tmp_path / "out" / "Annotations" / "480p" / "clip", [SECOND, 8])
    before = {file: file.read_bytes() for file in there.iterdir()}

    assert command(clip, masks, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert str(there) in told and f"{SECOND:05d}.png" in told and "--replace" in told
    assert {file: file.read_bytes() for file in there.iterdir()} == before

    assert command(clip, masks, tmp_path / "out", "--replace") == 0
    assert written(tmp_path / "out")[SECOND] not in before.values()


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_given_masks_are_known_behind_links_to_them_and_to_the_results(clip, tmp_path):
    given = write_masks(tmp_path / "masks", [0]) / "00000.png"
    results = tmp_path / "out" / "Annotations" / "480p" / "clip"
    results.mkdir(parents=True)
    link = results / "00004.png"  # what is computed of frame 4 would take its place
    link.symlink_to(given)
    back = tmp_path / "back.png"
    back.symlink_to(given.rename(results / "00000.png"))
    given.symlink_to(results / "00000.png")

    for mask in (link, back, given):
        assert command(clip, mask, tmp_path / "out") == 2, mask
    assert sorted(os.listdir(results)) == ["00000.png", "00004.png"] and link.is_symlink()


def test_pictures_that_cannot_be_decoded_are_passed_over_and_told_in_a_sentence(
    clip, tmp_path, capsys
):
    masks = write_masks(tmp_path / "masks", [0])
    for damaged in ("00004.png", "00007.png"):
        (clip / damaged).write_bytes((clip / damaged).read_bytes()[:200])

    assert command(clip, masks, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert told.startswith("2 frames were passed over") and "00004.png" in told
    there = [f for f in range(FRAMES) if annotation_path(tmp_path / "out", "clip", f).exists()]
    assert there == [0, 1, 2, 3, 5, 6, 8, 9]


def test_a_mask_of_a_picture_that_cannot_be_decoded_is_left_out_and_told_in_a_sentence(
    clip, tmp_path, capsys
):
    masks = write_masks(tmp_path / "masks", [0, 4])
    (clip / "00004.png").write_bytes((clip / "00004.png").read_bytes()[:200])

    assert command(clip, masks, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert told.startswith("1 reference was left out") and "00004.png" in told
    there = [f for f in range(FRAMES) if annotation_path(tmp_path / "out", "clip", f).exists()]
    assert there == list(range(FRAMES))


def test_masks_are_computed_no_faster_than_they_are_written(tmp_path):
    video = CountedVideo()
    reference = encode_png(np.ones(video.shape, np.uint8))
    frames = propagated_pngs(video, {0: reference}, "hold", 48)

    assert [frame for frame, _ in islice(frames, 20)] == list(range(20))
    frames.close()
    assert 19 <= len(video.decoded) < 20 + 2 * RESULTS_WAITING  # so memory holds a few of them


class CountedVideo(Video):
    """A long video that notes which frames were decoded, also by its forks."""

    def __init__(self, decoded=None):
        super().__init__(Path("long.mp4"), "long", 1000, (24, 32), 25.0, "", 1 << 20)
        self.decoded = set() if decoded is None else decoded

    def time(self, frame):
        return frame / self.fps

    def nearest_keyframe(self, frame):
        return frame

    def fork(self, cache_bytes=None):
        return CountedVideo(self.decoded)

    def _read(self, frame):
        self.decoded.add(frame)
        return np.zeros((*self.shape, 3), np.uint8)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to send")
def test_ctrl_c_leaves_whole_masks_only_and_ends_with_130(clip, tmp_path):
    masks = write_masks(tmp_path / "masks", [0])
    out = tmp_path / "out"
    words = ["propagate", clip, "--masks", masks, "--out", out, "--size", SIZE]
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED_AT_FRAME_3, *map(str, words)], stderr=subprocess.PIPE
    )
    _, told = process.communicate(timeout=120)

    assert process.returncode == 130, told
    files = sorted((out / "Annotations" / "480p" / "clip").iterdir())
    assert 0 < len(files) < FRAMES
    assert all(file.suffix == ".png" and read_label_map(file).shape == SHAPE for file in files)


_INTERRUPTED_AT_FRAME_3 = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from pathlib import Path
from tests.ui.window import isolate_settings
from vos_annotator.cli import main

replace = os.replace
def interrupted(part, path):
    if "00003" in Path(path).name:
        os.kill(os.getpid(), signal.{signal.Signals.SIGINT.name})
    replace(part, path)
os.replace = interrupted
sys.exit(main(sys.argv[1:]))
"""
