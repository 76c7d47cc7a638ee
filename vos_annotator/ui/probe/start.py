"""How long the window takes to come up: the application itself, until it is seen.

    python -m vos_annotator.ui.probe.start CLIP SECONDS     SECONDS: the clock at the start

For: the `bench` command, which starts this as the shell starts the program and reads one
line of JSON. Imports nothing before the application does.
"""

import gc
import json
import sys
import time
from pathlib import Path

from vos_annotator.ui import app

_POLL = 2  # ms
_LONGEST = 60_000  # ms


def main(clip: str, started: float) -> int:
    """Start the application on a clip; print when it was seen, and leave."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    found: dict[str, object] = {}

    class Watch(QObject):
        """Sees the first painting of the window, and then the first picture in it."""

        def __init__(self, application: QApplication) -> None:
            super().__init__()
            self._poll = QTimer(self, interval=_POLL)
            self._poll.timeout.connect(self._look)
            self._application, self._window = application, None
            application.installEventFilter(self)

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and isinstance(watched, QMainWindow):
                self._application.removeEventFilter(self)
                self._window = watched
                # The event that is posted now comes when all of the window is painted.
                QTimer.singleShot(0, self._note)
            return False

        def _note(self) -> None:
            found["window_ms"] = 1000 * (time.time() - started)
            found["window_cpu_ms"] = 1000 * time.process_time()
            found["has_torch"] = "torch" in sys.modules
            found["frozen"] = gc.get_freeze_count() if gc.isenabled() else 0
            self._poll.start()

        def _look(self) -> None:
            workspace = self._window.workspace
            if workspace is not None and workspace.canvas.is_current:
                self._poll.stop()
                found["picture_ms"] = 1000 * (time.time() - started)
                self._window.close()
                self._application.quit()

    application = QApplication(sys.argv[:1])
    watch = Watch(application)
    QTimer.singleShot(_LONGEST, application.quit)
    code = app.run(Path(clip))
    del watch
    print(json.dumps(found))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
