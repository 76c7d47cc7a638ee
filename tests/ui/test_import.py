"""The import of the window: what it finds, what becomes of it, and what it refuses."""

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFormLayout

from tests.ui.window import (
    FRAMES,
    SHAPE,
    finish_job,
    isolate_settings,
    make_clip,
    open_window,
    paint,
)
from vos_annotator.core.edits import Status
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Source
from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.ui.import_dialog import ImportDialog


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        window.bridge.refresh.is_on = False
        yield window


def label_map(frame):
    ids = np.zeros(SHAPE, np.uint8)
    ids[5:15, 5 + frame : 15 + frame] = 1
    if frame > 3:
        ids[20:40, 20:40] = 7
    return ids


@pytest.fixture
def masks(tmp_path):
    """A COCO file of every frame."""
    with open_video(make_clip(tmp_path / "other" / "clip")) as video:
        names = {1: "cat", 7: "dog"}
        source = Source(video, lambda frame: encode_png(label_map(frame)), names)
        return export(source, "coco", tmp_path / "coco").annotations


def ask(qtbot, window, path, answer):
    """Trigger the command, and answer its dialog once it has looked at a path."""

    def look():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, ImportDialog):
            QTimer.singleShot(10, look)
        elif not dialog.path.text():
            dialog.path.setText(str(path))
            QTimer.singleShot(10, look)
        elif dialog._summary.text() in ("", "Reading…"):
            QTimer.singleShot(10, look)
        elif answer(dialog) is False or not dialog.take.isEnabled():
            dialog.reject()
        else:
            dialog.accept()

    QTimer.singleShot(0, look)
    window.actions_["import-masks"].trigger()
    finish_job(qtbot, window)


def test_the_wizard_shows_what_is_found_and_takes_it_as_references(qtbot, window, masks):
    seen = []

    def answer(dialog):
        table = dialog.table
        seen.append(dialog._summary.text())
        for row in range(table.rowCount()):
            seen.append([table.item(row, column).text() for column in (0, 2, 3)])
        seen.extend(dialog.findings.item(n).text() for n in range(dialog.findings.count()))

    ask(qtbot, window, masks, answer)

    assert seen == [
        "COCO, RLE: 12 masks",
        ["1", "cat", "0-11"],
        ["7", "dog", "4-11"],
        "No object has the number 2-6.",
    ]
    document = window.document
    assert document.annotations.references == tuple(range(FRAMES))
    assert [(each.id, each.name) for each in document.objects] == [(1, "cat"), (7, "dog")]
    for frame in range(FRAMES):
        np.testing.assert_array_equal(document.annotations[frame], label_map(frame))
    window.actions_["undo"].trigger()
    finish_job(qtbot, window)
    assert document.annotations.references == ()


def test_tab_goes_through_the_numbers_of_the_table_and_on(qtbot, window, masks):
    passed = []

    def answer(dialog):
        dialog.activateWindow()
        dialog.table.setFocus()
        for _ in range(3):
            QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
            passed.append(dialog.focusWidget())
        passed.append([dialog.number(0), dialog.number(1), dialog.findings] == passed)
        return False

    ask(qtbot, window, masks, answer)

    assert passed[-1] is True


def test_as_predictions_with_other_numbers_and_without_an_object(qtbot, window, masks):
    paint(window, 1, top=30)
    drawn = window.document.annotations[0].copy()

    def answer(dialog):
        dialog.kind.setCurrentIndex(1)
        dialog.number(0).setValue(0)
        dialog.number(1).setValue(2)

    ask(qtbot, window, masks, answer)

    annotations = window.document.annotations
    assert annotations.references == (0,)
    np.testing.assert_array_equal(annotations[0], drawn)
    assert annotations.status(5) is Status.PREDICTION
    np.testing.assert_array_equal(annotations[5], np.where(label_map(5) == 7, 2, 0))
    assert [each.name for each in window.document.objects] == ["Object 1", "dog"]


@pytest.mark.parametrize(("answered", "ids"), [(None, (1, 7)), (255, (1, 7, 255))])
def test_void_is_proposed_to_be_left_out_and_may_be_kept(qtbot, window, tmp_path, answered, ids):
    bordered = label_map(5)
    bordered[[0, -1]] = 255
    file = tmp_path / "mask.png"
    file.write_bytes(encode_png(bordered))
    proposed = []

    def answer(dialog):
        row = dialog.table.rowCount() - 1
        proposed.append((dialog.table.item(row, 0).text(), dialog.number(row).text()))
        if answered:
            dialog.number(row).setValue(answered)

    ask(qtbot, window, file, answer)

    assert proposed == [("255", "left out")]
    assert window.document.annotations.objects_at(0) == ids


def test_masks_that_do_not_fit_are_told_and_taken_only_if_that_is_said(qtbot, window, tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    (folder / "00000.png").write_bytes(encode_png(label_map(0)))
    (folder / "00001.png").write_bytes(encode_png(np.zeros((40, 10), np.uint8)))
    states = []

    def answer(dialog):
        states.append((dialog.take.isEnabled(), dialog.findings.item(0).text()[:8]))
        dialog.skip.setChecked(True)

    ask(qtbot, window, folder, answer)

    assert states == [(False, "Frame 1:")]
    assert window.document.annotations.references == (0,)


def test_what_was_found_at_another_path_cannot_be_imported(qtbot, window, masks, tmp_path):
    answers = []

    def answer(dialog):
        answers.append(dialog.take.isEnabled())
        dialog.path.setText(str(tmp_path / "elsewhere"))
        dialog.take.click()
        answers.append((dialog.take.isEnabled(), dialog.choice, dialog.table.rowCount()))
        return False

    ask(qtbot, window, masks, answer)

    assert answers == [True, (False, None, 0)]


def test_what_is_said_of_a_long_path_covers_nothing(qtbot, window, tmp_path):
    seen = []

    def answer(dialog):
        qtbot.waitUntil(
            lambda: dialog._summary.height() >= 2 * dialog._summary.fontMetrics().height()
        )
        seen.append(dialog.findings.y() - dialog.table.geometry().bottom())
        return False

    ask(qtbot, window, tmp_path / "a folder with a long name" / "masks of the clip.mp4", answer)
    assert seen[0] > 1


def test_a_label_stands_on_the_first_line_of_what_it_is_of(qtbot, window, masks):
    seen = []

    def answer(dialog):
        form = dialog.findChild(QFormLayout)
        seen.extend(
            line_of(each) for each in (form.labelForField(dialog._summary), dialog._summary)
        )
        return False

    ask(qtbot, window, masks, answer)
    assert abs(seen[0] - seen[1]) <= 1


def line_of(label):
    """Return the lowest row, in pixels of its dialog, that a label's letters reach."""
    picture = label.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    shape = picture.height(), picture.bytesPerLine()
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(shape)[:, : picture.width()]
    letters = np.flatnonzero((rows != rows[0, 0]).any(axis=1))
    return label.y() + letters[-1] / picture.devicePixelRatio()


@pytest.mark.parametrize("content", ["", "{}", "hello", '{"annotations": 3}'])
def test_what_is_nothing_is_answered_in_the_dialog(qtbot, window, tmp_path, content):
    file = tmp_path / "masks.json"
    file.write_text(content)
    said = []
    ask(qtbot, window, file, lambda dialog: said.append(dialog._summary.text()))

    assert "masks.json" in said[0]
    assert not window.document.history.can_undo


def test_the_picture_of_one_mask_becomes_this_frames_reference_or_is_told_of(
    qtbot, window, tmp_path, monkeypatch
):
    path = tmp_path / "mask.png"
    monkeypatch.setattr("vos_annotator.ui.dialogs.ask_mask", lambda parent: path)
    window.cursor.frame = 5
    path.write_bytes(b"no picture")
    window.actions_["import-mask"].trigger()
    finish_job(qtbot, window)
    assert "mask.png" in window.messages.text.toPlainText()
    assert window.document.annotations.references == ()

    bordered = label_map(5)
    bordered[[0, -1]] = 255  # void
    path.write_bytes(encode_png(bordered))
    window.actions_["import-mask"].trigger()
    finish_job(qtbot, window)
    assert window.document.annotations.references == (5,)
    np.testing.assert_array_equal(window.document.annotations[5], label_map(5))
