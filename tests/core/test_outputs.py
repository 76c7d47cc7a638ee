"""What a command cannot write it says before it works; what it writes over is no project."""

import os

import cv2
import numpy as np
import pytest

from vos_annotator.cli import main
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video


@pytest.fixture
def projects(tmp_path):
    """Two projects of one video, in the working folder of the test."""
    (tmp_path / "clip").mkdir()
    for frame in range(3):
        picture = np.full((24, 32, 3), frame, np.uint8)
        cv2.imwrite(str(tmp_path / "clip" / f"{frame}.png"), picture)
    paths = tmp_path / "a.vos", tmp_path / "b.vos"
    for path in paths:
        with Project.create(path, open_video(tmp_path / "clip")) as project:
            project.set_references({1: np.ones((24, 32), np.uint8)})
    return paths


def refused(capsys, *words):
    """Run a command that must fail before it has printed anything; return its sentence."""
    assert main([str(word) for word in words]) == 2
    out, said = capsys.readouterr()
    assert out == "" and len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("target", ["", ".", "folder", "file/below.csv"])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_computed(
    projects, tmp_path, monkeypatch, capsys, target
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    a, b = projects
    for words in (
        ("effort", a, f"--csv={target}"),
        ("effort", a, f"--png={target}"),
        ("compare", a, b, f"--csv={target}"),
        ("doctor", f"--file={target}"),
        ("bench", f"--json={target}"),
        ("evaluate", "--davis", "none", f"--csv={target}"),
        ("evaluate", "--davis", "none", "--robot", f"--plot={target}"),
        ("show-clips", f"--out={target}"),
    ):
        assert (target or '""') in refused(capsys, *words)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("target", ["", "file", "file/below"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_computed(
    projects, tmp_path, monkeypatch, capsys, target
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    there = sorted(tmp_path.iterdir())
    for words in (
        ("bench", f"--charts={target}"),
        ("bench", f"--clips={target}"),
        ("evaluate", "--davis", "none", f"--save={target}"),
        ("export", projects[0], "--format=davis", f"--out={target}"),
        ("export-onnx", f"--out={target}"),
        ("propagate", "clip", "--masks=clip/0.png", f"--out={target}"),
        ("batch", "clip", f"--out={target}"),
        ("train", "student", f"--out={target}"),
    ):
        assert (target or "empty") in refused(capsys, *words)
    assert sorted(tmp_path.iterdir()) == there


def test_a_report_is_not_written_over_a_project(projects, capsys):
    a, b = projects
    before = b.read_bytes()
    assert "would be lost" in refused(capsys, "effort", a, "--csv", b)
    assert "would be lost" in refused(capsys, "compare", a, b, "--csv", b)
    assert b.read_bytes() == before


def bytes_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_command_writes_over_what_it_reads_or_among_its_pictures(projects, tmp_path, capsys):
    (a, b), frame = projects, tmp_path / "clip" / "1.png"
    table, journal = tmp_path / "table.csv", tmp_path / "killed.vos-wal"
    os.link(frame, tmp_path / "link.png")
    with Project.open(a) as project:
        project.set_references({0: np.ones((24, 32), np.uint8)})
        journal_as_left = (tmp_path / "a.vos-wal").read_bytes()
    journal.write_bytes(journal_as_left)  # as whoever is killed leaves it
    film, of_film = tmp_path / "film.avi", tmp_path / "film.vos"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 25, (32, 24))
    for shade in range(3):
        writer.write(np.full((24, 32, 3), shade, np.uint8))
    writer.release()
    Project.create(of_film, open_video(film)).close()
    before = bytes_below(tmp_path)

    for words in (
        ("effort", b, "--png", frame),
        ("effort", b, "--png", tmp_path / "clip" / "new.png"),
        ("effort", b, "--csv", tmp_path / "link.png", "--png", frame),
        ("effort", b, "--csv", journal),
        ("effort", b, "--csv", table, "--png", table),
        ("effort", of_film, "--csv", film),
        ("effort", of_film, "--png", film),
        ("compare", b, a, "--csv", frame),
    ):
        refused(capsys, *words)
    assert bytes_below(tmp_path) == before

    assert main(["effort", str(b), "--csv", str(tmp_path / "clip" / "effort.csv")]) == 0
    assert main(["effort", str(b), "--png", str(tmp_path / "new.png")]) == 0


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_no_export_and_no_pass_writes_among_the_pictures_of_its_video(tmp_path, capsys, suffix):
    data = tmp_path / "data"
    for folder in ("Annotations", "JPEGImages"):  # the frames lie where results would
        (data / folder / "480p" / "clip").mkdir(parents=True)
    for folder, words in (
        ("JPEGImages", ("export", "VOS", "--format", "davis", "--replace")),
        ("Annotations", ("export", "VOS", "--format", "davis", "--replace")),
        ("Annotations", ("propagate", "CLIP", "--masks", "MASK", "--engine=hold", "--replace")),
    ):
        clip = data / folder / "480p" / "clip"
        for frame in range(3):
            picture = np.full((24, 32, 3), 80 * frame, np.uint8)
            cv2.imwrite(str(clip / f"{frame:05d}.{suffix}"), picture)
        masks = {0: np.ones((24, 32), np.uint8)}
        with Project.create(data / f"{words[0]}-{folder}.vos", open_video(clip)) as project:
            project.set_references(masks)
        (tmp_path / "mask.png").write_bytes(encode_png(masks[0]))
        names = {"VOS": project.path, "CLIP": clip, "MASK": tmp_path / "mask.png"}
        before = bytes_below(clip)

        assert main([*(str(names.get(w, w)) for w in words), "--out", str(data)]) == 2
        assert "stays as it is" in capsys.readouterr().err
        assert bytes_below(clip) == before


def test_a_film_is_not_exported_over_the_film_that_it_is_made_of(projects, tmp_path, capsys):
    export = ("export", "--format", "overlay", "--out", str(tmp_path), "--name", "clip")
    assert main([*export, str(projects[0])]) == 0
    (film,) = (file for file in tmp_path.iterdir() if file.suffix == ".mp4")
    with Project.create(tmp_path / "film.vos", open_video(film)) as project:
        project.set_references({0: np.ones((24, 32), np.uint8)})
    before = film.read_bytes()

    assert main([*export, str(project.path), "--replace"]) == 2
    assert "stays as it is" in capsys.readouterr().err
    assert film.read_bytes() == before


def test_a_report_makes_the_folders_above_it(projects, tmp_path):
    target = tmp_path / "ü ñ" / "new" / "-steps.csv"
    assert main(["effort", str(projects[0]), f"--csv={target}"]) == 0
    assert target.read_text().startswith("step,")


@pytest.mark.skipif(os.name == "nt", reason="devices are named otherwise there")
def test_a_device_is_not_replaced_by_a_report(projects, capsys):
    assert "device" in refused(capsys, "effort", projects[0], "--csv", os.devnull)


def test_a_project_given_twice_and_a_folder_given_for_one_are_told_as_what_they_are(
    projects, tmp_path, capsys
):
    a, _ = projects
    out = tmp_path / "c.vos"
    assert "given twice" in refused(capsys, "compare", a, a)
    assert "given twice" in refused(capsys, "merge", a, a, "--out", out)
    assert "is a folder" in refused(capsys, "effort", tmp_path)
    assert not out.exists()
