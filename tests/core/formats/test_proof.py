"""An export proves itself: its manifest, what it leaves alone, and that it survives a kill."""

import hashlib
import json
import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest

from tests.core.edit_stream import SHAPE, make_pictures
from tests.core.formats.material import FRAMES, NAMES, Clip, files_below, source, wanted
from vos_annotator.core.edits import ObjectsEdit
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats import exporting
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options, Source
from vos_annotator.core.formats.preflight import Facts, preflight
from vos_annotator.core.formats.registry import FORMATS, format_named, installed
from vos_annotator.core.formats.sources import source_of
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.engine.headless import propagate


@pytest.mark.parametrize("name", installed())
def test_the_manifest_has_the_hash_of_every_file_and_the_time_of_every_frame(tmp_path, name):
    report = export(source(), name, tmp_path)
    told = json.loads(report.manifest.read_bytes())

    assert report.manifest.name == f"clip.{name}.manifest.json"
    for path, file in told["files"].items():
        data = (tmp_path / path).read_bytes()
        assert file == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    others = {"meta.json", "val.txt", "clip.txt", "labelmap.txt"}
    others.add(report.manifest.name)
    assert {p for p in files_below(tmp_path) if p.split("/")[-1] not in others} <= set(
        told["files"]
    )
    assert told["times"] == [round(Clip().time(frame), 6) for frame in range(FRAMES)]
    assert told["format"] == name
    assert told["video"] == {
        "name": "clip.mp4", "fingerprint": "f" * 32, "frames": FRAMES, "size": [61, 37],
    }  # fmt: skip
    assert told["objects"] == {str(i): n for i, n in NAMES.items()}
    assert told["tool"].startswith("vos-annotator ")


def test_the_manifest_tells_which_weights_made_the_masks(tmp_path):
    with Project.for_video(open_video(make_pictures(tmp_path / "clip", 3))) as project:
        mask = np.zeros(SHAPE, np.uint8)
        mask[10:30, 10:30] = 1
        project.set_references({0: mask})
        propagate(project, size=64)
        report = exporting.export_project(project, "davis", tmp_path / "out")
        told = json.loads(report.manifest.read_bytes())

    assert told["engines"]["mobilevos"]["checkpoint"] == "mobilevos-fast"
    assert len(told["engines"]["mobilevos"]["checkpoint_sha256"]) == 64
    assert told["references"] == [0]


@pytest.mark.parametrize("name", ["davis", "youtube-vos", "mots-png", "coco", "mots-text"])
def test_a_file_that_somebody_changed_is_replaced_only_if_that_is_said(tmp_path, name):
    report = export(source(), name, tmp_path)
    path = next(
        p for p in files_below(tmp_path) if (tmp_path / p).is_relative_to(report.annotations)
    )
    before = files_below(tmp_path)
    (tmp_path / path).write_bytes(b"theirs")

    with pytest.raises(UserError, match="is not as an export left it"):
        export(source(), name, tmp_path)
    assert (tmp_path / path).read_bytes() == b"theirs"
    (finding,) = [f for f in find(tmp_path, name) if f.stops]
    assert path in finding.text
    export(source(), name, tmp_path, options=Options(replace=True))
    assert files_below(tmp_path) == before


def another():
    """Return a source of the same name, but of another video."""
    video = Clip()
    video.fingerprint = "a" * 32
    return Source(video, lambda frame: encode_png(wanted(0)), NAMES)


@pytest.mark.parametrize("name", ["davis", "mots-png", "coco", "overlay"])
def test_another_videos_export_of_the_same_name_is_replaced_only_if_that_is_said(tmp_path, name):
    export(source(), name, tmp_path)
    before = files_below(tmp_path)

    with pytest.raises(UserError, match=r"clip\..*\.manifest\.json is of the export of another"):
        export(another(), name, tmp_path)
    assert files_below(tmp_path) == before
    facts = Facts({}, frozenset(), (), {})
    found = preflight(facts, another(), format_named(name), tmp_path)
    assert [f for f in found if f.stops and "another video" in f.text]
    export(another(), name, tmp_path, options=Options(replace=True))
    export(another(), name, tmp_path)


def test_what_another_videos_export_left_when_it_was_cancelled_is_not_replaced(tmp_path):
    asked = iter([False, True])
    export(source(), "mots-png", tmp_path, cancelled=lambda: next(asked))
    before = files_below(tmp_path)

    with pytest.raises(UserError, match="is of the export of another video"):
        export(another(), "mots-png", tmp_path)
    assert files_below(tmp_path) == before
    export(source(), "mots-png", tmp_path)


def test_a_file_that_was_there_before_any_export_stays(tmp_path):
    theirs = tmp_path / "annotations" / "clip.json"
    theirs.parent.mkdir()
    theirs.write_text("{}")
    with pytest.raises(UserError, match=r"clip\.json is not as an export left it"):
        export(source(), "coco", tmp_path)
    assert theirs.read_text() == "{}"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 3}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_lets_nothing_be_replaced(tmp_path, content):
    report = export(source(), "davis", tmp_path)
    report.manifest.write_bytes(content)
    corrected = Source(Clip(), lambda frame: encode_png(wanted(0)))
    with pytest.raises(UserError, match="is not as an export left it"):
        export(corrected, "davis", tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are Unicode")
@pytest.mark.parametrize("name", ["davis", "youtube-vos", "coco", "cutout-ffv1"])
def test_names_that_are_no_unicode_do_not_stop_an_export(tmp_path, name):
    clip = make_pictures(tmp_path / os.fsdecode(b"caf\xe9"), 3)
    for frame, picture in enumerate(sorted(clip.iterdir())):
        picture.rename(clip / os.fsdecode(b"\xe9%d.png" % frame))
    with Project.for_video(open_video(clip)) as project:
        project.set_references({1: np.eye(*SHAPE, dtype=np.uint8)})
        report = exporting.export_project(project, name, tmp_path / "out")
        again = exporting.export_project(project, name, tmp_path / "out")

    told = json.loads(report.manifest.read_bytes())
    assert told["video"]["name"] == "caf?" and told["project"] == "caf?.vos"
    assert again.written == 0 or name == "cutout-ffv1"


def test_what_does_not_read_back_as_it_was_fails_the_export(tmp_path, monkeypatch):
    writer = FORMATS["mots-text"].load().MotsText
    encode = writer.encode

    def wrong(self, frame, label_map, *rest):
        return encode(self, frame, np.where(label_map == 2, 3, label_map).astype(np.uint8), *rest)

    monkeypatch.setattr(writer, "encode", wrong)
    with pytest.raises(UserError, match=r"Frame 0 does not read back from .*clip\.txt"):
        export(source(), "mots-text", tmp_path)
    assert not list(tmp_path.glob("*.manifest.json"))


def find(out, name="davis", options=None, facts=None):
    facts = facts or Facts({}, frozenset(), (), {})
    return preflight(facts, source(), format_named(name), out, None, options)


def test_the_disk_is_asked_whether_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    (finding,) = [each for each in find(tmp_path) if each.stops]
    assert "only 0.0 MB are free" in finding.text


@pytest.mark.parametrize("name", installed())
def test_the_size_is_told_before_about_as_it_will_be(tmp_path, name):
    told = exporting.trial_size(source(), FORMATS[name], "clip", Options(), range(FRAMES))
    assert told == pytest.approx(export(source(), name, tmp_path).size)
    assert files_below(tmp_path)


def test_what_is_missing_empty_unsure_stale_or_at_odds_is_found(tmp_path):
    with Project.for_video(open_video(make_pictures(tmp_path / "clip", 12))) as project:
        mask = np.zeros(SHAPE, np.uint8)
        mask[10:30, 10:30] = 1
        elsewhere = np.roll(mask, 18, axis=1)
        project.set_references({2: mask, 3: elsewhere})
        edited = mask.copy()
        edited[0, 0] = 9
        project.set_references({0: edited})
        project.set_references({0: mask})  # object 9 is on no frame any more
        for frame in range(4, 11):
            sure = 0.2 if frame in (6, 7) else 0.9
            project.predict(
                frame, encode_png(elsewhere), {1: sure}, "hold", stale=(1,) * (frame > 8)
            )
        found = source_of(project)
        facts = Facts.of(project.annotations, found.names)
        texts = [each.text for each in preflight(facts, found, FORMATS["coco"], tmp_path / "out")]

    assert texts[:5] == [
        "No masks on frames 1, 11.",
        "Object 9 has no pixel on any frame.",
        "The engine was unsure on frames 6-7.",
        "Frames 9-10 are rough, or older than a correction: propagate.",
        "Object 1 on reference 2 and on frame 3 overlap by 5% only.",
    ]
    assert texts[5].startswith("It takes about 0.")
    assert not (tmp_path / "out").exists()


def test_nothing_is_said_of_objects_that_are_off_the_list(tmp_path):
    with Project.for_video(open_video(make_pictures(tmp_path / "clip", 12))) as project:
        mask = np.zeros(SHAPE, np.uint8)
        mask[10:30, 10:30] = 1
        both = mask.copy()
        both[30:40] = 2
        project.set_references({0: both})
        for frame in range(1, 12):
            project.predict(frame, encode_png(both), {1: 0.9, 2: 0.1}, "hold", stale=(2,))
        project.apply(ObjectsEdit(tuple(each for each in project.objects if each.id == 1)))
        found = source_of(project)
        facts = Facts.of(project.annotations, found.names)
        texts = [each.text for each in preflight(facts, found, FORMATS["coco"], tmp_path / "out")]

    assert [text.split()[0] for text in texts] == ["It"]  # takes so much room


def export_slowly(out, pipe):
    """Export again and again, with other masks each time, until killed."""
    for seed in range(10**6):
        masks = [np.roll(wanted(frame), seed, axis=1) for frame in range(FRAMES)]
        pipe.send(seed)
        export(Source(Clip(), lambda f, m=masks: encode_png(m[f])), "youtube-vos", out)


@pytest.mark.parametrize("moment", range(6))
def test_an_export_that_is_killed_is_taken_up_again(tmp_path, moment):
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=export_slowly, args=(tmp_path, theirs))
    process.start()
    for _ in range(2 + moment):
        ours.recv()
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.join()

    assert export(source(), "youtube-vos", tmp_path).kept == 1
    export(source(), "youtube-vos", tmp_path / "fresh")
    fresh = files_below(tmp_path / "fresh")
    assert fresh == {p: d for p, d in files_below(tmp_path).items() if not p.startswith("fresh")}
