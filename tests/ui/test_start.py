"""What the program begins with where nothing was asked for."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.ui.window import isolate_settings, make_clip, open_window
from vos_annotator.ui import app
from vos_annotator.ui.demo import demo_clip, first_clip
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.recent import recent_projects
from vos_annotator.ui.welcome import Welcome


def test_who_has_opened_nothing_of_their_own_begins_with_the_demo(qapp, tmp_path):
    isolate_settings(tmp_path / "settings")
    assert first_clip(recent_projects()) == demo_clip()
    assert first_clip([tmp_path / f"{demo_clip().name}.vos"]) == demo_clip()


def test_who_has_a_project_begins_with_the_list_of_them_and_not_with_the_demo(
    qapp, qtbot, tmp_path
):
    isolate_settings(tmp_path / "settings")
    with open_window(qtbot, make_clip(tmp_path / "clip")) as window:
        project = window.workspace.project.path
    seen = []

    def look():
        shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]
        for window in (each for each in shown if each.isVisible()):
            listed = window.findChild(Welcome).isVisible() and recent_projects()
            seen.append((window.workspace, listed))
            window.close()

    timer = QTimer(interval=500, timeout=look)
    timer.start()
    app.run()
    timer.stop()

    assert seen == [(None, [project])]
