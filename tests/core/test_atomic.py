"""A file is written beside and renamed, by a name that each writer has for itself."""

import os
from pathlib import Path

import pytest

from vos_annotator.core import atomic
from vos_annotator.core.atomic import beside, copy_file, put_file, sweep
from vos_annotator.core.errors import UserError

NOBODY = 1 << 30  # no process has such a number


def test_two_who_write_one_file_at_once_do_not_damage_each_other(tmp_path, monkeypatch):
    file, write = tmp_path / "mask.png", Path.write_bytes

    def write_and_be_overtaken(path, data):
        monkeypatch.undo()
        written = write(path, data)
        assert put_file(file, b"of another, longer")
        return written

    monkeypatch.setattr(atomic.Path, "write_bytes", write_and_be_overtaken)

    assert put_file(file, b"of one")
    assert file.read_bytes() == b"of one"
    assert list(tmp_path.iterdir()) == [file]


def test_a_copy_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    source, target, done = tmp_path / "a.vos", tmp_path / "b.vos", []
    source.write_bytes(b"masks")
    for call in ("fsync", "replace"):
        real = getattr(os, call)
        monkeypatch.setattr(os, call, lambda *a, c=call, r=real: (done.append(c), r(*a)))

    copy_file(source, target)

    assert done == ["fsync", "replace"] and target.read_bytes() == b"masks"


def test_what_a_killed_program_began_is_taken_away_and_what_others_write_stays(tmp_path):
    mine = beside(tmp_path / "a.png")
    killed = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{NOBODY}-"))
    elsewhere = killed.with_name(killed.name.replace(atomic._machine(), "0" * 8))
    foreign = tmp_path / ".b.png.part"
    for path in (mine, killed, elsewhere, foreign):
        path.touch()

    sweep(tmp_path)

    assert set(tmp_path.iterdir()) == {mine, elsewhere, foreign}
    sweep(tmp_path / "nothing")


def test_a_folder_that_a_killed_program_began_is_taken_away(tmp_path):
    mine = beside(tmp_path / "graphs")
    killed = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{NOBODY}-"))
    for path in (mine, killed):
        path.mkdir()
        (path / "look.onnx").touch()

    sweep(tmp_path)

    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on Windows")
def test_a_pipe_or_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="a device or a pipe"):
        put_file(pipe, b"figures")
    assert pipe.is_fifo()
