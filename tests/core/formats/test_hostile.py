"""Whatever an import is given, it answers with sentences, and nothing else on the disk changes."""

import os
import resource
import sys

import numpy as np
import pytest

from tests.core.edit_stream import make_pictures
from tests.core.formats.hostile import READABLE, TRICKS, make
from tests.core.formats.material import FRAMES, SHAPE, Clip, source
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Source
from vos_annotator.core.formats.importing import import_masks, look_through
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.masks import encode_png
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

COUNT = 220
MOST_MEMORY = 700 << 20  # bytes that an import of a clip of 61x37 may add


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    pictures = make_pictures(folder / "clip", FRAMES)
    with Project.for_video(open_video(pictures)) as project:
        mask = np.zeros(project.video.shape, np.uint8)
        mask[5:20, 5:20] = 1
        project.set_references({0: mask})
        yield project


def disk(root):
    return {
        os.path.join(folder, name): os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(root)
        for name in names
    }


def memory():
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


@pytest.mark.parametrize("number", range(COUNT))
def test_a_hostile_import_is_answered_with_sentences(tmp_path, number):
    place, name = make(tmp_path / "in" / "masks", number)
    before, used = disk(tmp_path), memory()
    for format_name in (name, None):  # as what it was, and as what it looks like
        try:
            masks = look_through(place, Clip(), format_name)
        except UserError as error:
            assert str(error)
        else:
            assert all(0 <= frame < FRAMES for frame in masks.pngs)
            assert all(0 < object_id < 256 for object_id in masks.frames_of)
            assert all(isinstance(each, str) for each in (*masks.problems, *masks.notes))
            assert all(len(each.splitlines()) == 1 for each in masks.names.values())
    assert disk(tmp_path) == before
    assert memory() - used < MOST_MEMORY


@pytest.mark.parametrize("number", range(0, COUNT, 10))
def test_a_project_loses_nothing_by_a_hostile_import(tmp_path, project, number):
    place, name = make(tmp_path / "masks", number)
    references = project.annotations.references
    kept = project.annotations[0].copy()
    try:
        masks = look_through(place, project.video, name)
        import_masks(project, masks, as_predictions=True)
    except UserError:
        assert project.annotations.references == references
    else:
        project.apply(project.history.to_undo())
    np.testing.assert_array_equal(project.annotations[0], kept)
    assert project.annotations.references == references


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("name", sorted(set(READABLE) | {"matte", "cutout-png"}))
def test_no_name_leads_an_export_out_of_its_folder(tmp_path, name, trick):
    out = tmp_path / "a" / "out"
    names = {i: trick for i in range(1, 10)}
    mask = np.zeros(SHAPE, np.uint8)
    mask[5:9, 5:9] = 1
    export(Source(Clip(2), lambda _: encode_png(mask), names), name, out, trick)

    assert all(path.startswith(str(out)) for path in disk(tmp_path))


@pytest.mark.parametrize("name", READABLE)
def test_a_manifest_that_names_files_elsewhere_has_them_left_alone(tmp_path, name):
    out, theirs = tmp_path / "out", tmp_path / "theirs.txt"
    theirs.write_text("theirs")
    report = export(source(), name, out)
    told = report.manifest.read_text().replace('"files": {', '"files": {"../theirs.txt": '
        '{"sha256": "0", "bytes": 1}, "/etc/hostname": {"sha256": "0", "bytes": 1},')  # fmt: skip
    report.manifest.write_text(told)
    export(source(), name, out)

    assert theirs.read_text() == "theirs"
    assert "theirs" not in report.manifest.read_text()
    assert FORMATS[name].reads
