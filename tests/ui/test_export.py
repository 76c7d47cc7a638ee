"""The export of the window: any format, and what there is to know before."""

import json
import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDialog, QPushButton

from tests.ui.window import FRAMES, finish_job, isolate_settings, make_clip, open_window, paint
from vos_annotator.core.formats.importing import look_through
from vos_annotator.core.formats.preflight import Finding
from vos_annotator.core.formats.registry import installed
from vos_annotator.core.translation import use_language
from vos_annotator.core.video import open_video
from vos_annotator.ui import dialogs
from vos_annotator.ui.dialogs import show_report
from vos_annotator.ui.export_dialog import ExportChoice, ExportDialog


@pytest.fixture
def window(qtbot, qapp, tmp_path, monkeypatch):
    isolate_settings(tmp_path / "settings")
    monkeypatch.setattr(dialogs, "show_report", lambda *_: None)
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        yield window


def ask(qtbot, window, answer):
    """Trigger the command and answer its dialog once it has looked."""

    def look():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, ExportDialog) or not dialog.findings.count():
            QTimer.singleShot(10, look)
        elif answer(dialog) is not False:
            dialog.accept()

    QTimer.singleShot(0, look)
    window.actions_["export"].trigger()
    finish_job(qtbot, window)


def reports(window):
    return [each for each in window.findChildren(QDialog) if each.windowTitle() == "Exported"]


def texts(dialog):
    return [dialog.findings.item(row).text() for row in range(dialog.findings.count())]


@pytest.mark.parametrize("name", [n for n, kind in installed().items() if kind.reads])
def test_what_is_drawn_goes_out_in_every_format(qtbot, window, tmp_path, name):
    window.actions_["add-object"].trigger()
    paint(window)

    def answer(dialog):
        dialog.root.setText(str(tmp_path / "out"))
        dialog.format.setCurrentIndex(dialog.format.findData(name))

    ask(qtbot, window, answer)

    manifest = tmp_path / "out" / f"clip.{name}.manifest.json"
    qtbot.waitUntil(manifest.is_file, timeout=20_000)  # masks are put aside before the job begins
    with open_video(tmp_path / "clip") as video:
        masks = look_through(tmp_path / "out", video, name)
    assert tuple(masks.frames_of) == (1,)


def test_the_dialog_says_before_what_is_missing_and_how_large_it_gets(qtbot, window, tmp_path):
    window.actions_["add-object"].trigger()
    window.actions_["add-object"].trigger()
    paint(window, 1)
    seen = []
    ask(qtbot, window, lambda dialog: seen.extend(texts(dialog)))

    assert seen[0] == f"No masks on frames 1-{FRAMES - 1}."
    assert seen[1] == "Object 2 has no pixel on any frame."
    assert seen[2].startswith("It takes about 0.")


def test_the_dialog_tells_what_a_pass_has_done_while_it_was_open(qtbot, window):
    paint(window)
    seen, deadline = [], time.monotonic() + 20

    def look():
        dialog = QApplication.activeModalWidget()
        found = texts(dialog)[:1] if isinstance(dialog, ExportDialog) else []
        if found and found != seen[-1:]:
            seen.extend(found)
        if len(seen) == 1 and not window.bridge.busy:
            window.bridge.propagate()
        if len(seen) == 2 or time.monotonic() > deadline:
            dialog.reject()
        else:
            QTimer.singleShot(10, look)

    QTimer.singleShot(0, look)
    window.actions_["export"].trigger()

    assert seen[0].startswith("No masks on frames")
    assert seen[1].startswith("It takes about")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", ["No masks on frame 4.", " MB; ", "are free there."]),
        ("de", ["Keine Masken auf Bild 4.", " MB; dort sind ", " frei."]),
    ],
)
def test_what_there_is_to_know_is_said_of_one_frame_in_the_language_in_use(
    qtbot, window, tmp_path, code, words
):
    for frame in set(range(FRAMES)) - {4}:
        window.cursor.frame = frame
        paint(window)
    use_language(code)
    seen = []

    def answer(dialog):
        seen.extend(texts(dialog))
        dialog.root.setText(str(tmp_path / "out"))

    try:
        ask(qtbot, window, answer)
    finally:
        use_language("en")

    room = next(each for each in seen if " MB" in each)
    assert seen[0] == words[0]
    assert words[1] in room and room.endswith(words[2])
    assert ("." if code == "en" else ",") in room.partition(" MB")[0]


def test_an_export_goes_beside_the_video_unless_another_folder_was_chosen_before(
    qtbot, window, tmp_path
):
    paint(window)
    seen = []

    def answer(dialog):
        seen.append(dialog.root.text())
        dialog.root.setText(str(tmp_path / "out"))

    for _ in range(2):
        ask(qtbot, window, answer)

    assert seen == [str(tmp_path), str(tmp_path / "out")]


def test_the_report_of_an_export_opens_its_folder(qtbot, qapp, window, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    monkeypatch.setattr(dialogs, "show_report", show_report)
    paint(window)
    window.window_verbs.export_to(ExportChoice(tmp_path / "out", "clip"))
    qtbot.waitUntil(lambda: bool(reports(window)), timeout=20_000)

    (report,) = reports(window)
    (button,) = [each for each in report.findChildren(QPushButton) if each.text() == "Open folder"]
    button.click()

    folder = tmp_path / "out" / "Annotations" / "480p" / "clip"
    assert opened == [QUrl.fromLocalFile(str(folder))]
    finish_job(qtbot, window)


def test_a_file_that_somebody_changed_stops_the_export_until_it_may_be_replaced(
    qtbot, window, tmp_path
):
    paint(window)
    out = tmp_path / "out"
    ask(qtbot, window, lambda dialog: dialog.root.setText(str(out)))
    file = out / "Annotations" / "480p" / "clip" / "00000.png"
    file.write_bytes(b"theirs")
    states = []

    def answer(dialog):
        if not states:
            dialog.root.setText(str(out))
            states.append(None)
        if len(states) == 1:
            if not any("not as an export left it" in text for text in texts(dialog)):
                return wait(dialog)
            states.append(dialog.export.isEnabled())
            dialog.replace.setChecked(True)
        if not dialog.export.isEnabled():
            return wait(dialog)
        return True

    def wait(dialog):
        QTimer.singleShot(10, lambda: answer(dialog) is not False and dialog.accept())
        return False

    ask(qtbot, window, answer)
    assert states[1] is False
    assert file.read_bytes() != b"theirs"


def test_the_manifest_of_the_window_tells_objects_and_references(qtbot, window, tmp_path):
    paint(window)
    ask(qtbot, window, lambda dialog: dialog.root.setText(str(tmp_path / "out")))

    told = json.loads((tmp_path / "out" / "clip.davis.manifest.json").read_bytes())
    assert told["references"] == [0]
    assert len(told["times"]) == FRAMES
    assert np.all(np.diff(told["times"]) > 0)


def test_what_is_barred_stays_so_until_it_is_looked_at_again(qtbot, window, tmp_path):
    dialog = ExportDialog("clip", window)
    qtbot.addWidget(dialog)
    dialog.root.setText(str(tmp_path))
    dialog.look(lambda choice: [Finding("no", stops=True)] if choice.name == "clip" else [])
    qtbot.waitUntil(lambda: not dialog.export.isEnabled())

    dialog.name.setText("other")
    assert not dialog.export.isEnabled()
    qtbot.waitUntil(dialog.export.isEnabled)


def test_an_emptied_folder_is_not_exported_to_whatever_a_look_still_finds(qtbot, window, tmp_path):
    dialog, go_on, arrived = ExportDialog("clip", window), threading.Event(), []
    qtbot.addWidget(dialog)
    dialog._latest._made.connect(lambda *what: arrived.append(what))  # after the dialog's own
    dialog.root.setText(str(tmp_path))

    def check(_):
        go_on.wait()
        return [Finding("of the folder that was there")]

    dialog.look(check)
    dialog.root.setText("")
    go_on.set()
    qtbot.waitUntil(lambda: bool(arrived), timeout=20_000)

    assert not dialog.export.isEnabled() and not dialog.findings.count()
    dialog.done(0)


def test_a_folder_that_no_program_shows_is_said_not_to_be_shown(window, tmp_path, monkeypatch):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    dialog = show_report(window, "Exported", "cat", tmp_path)
    button = next(b for b in dialog.findChildren(QPushButton) if "Open folder" in b.text())
    button.click()

    assert button.text() == "No program shows folders"
    assert not button.isEnabled()
