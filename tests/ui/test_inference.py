"""The engine's thread gives way to the window's."""

import os
import sys
import threading

import pytest

from tests.ui.window import make_clip
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import Load, Ready
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.ui.inference import Inference


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_where_cores_are_short_the_window_goes_before_the_engine(qtbot, tmp_path):
    engine, window = [], os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def load(name, size):
        engine.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return HoldEngine(size)

    inference = Inference(EngineChoice("hold"), open_video(make_clip(tmp_path / "clip")), 48, load)
    inference.start()
    with qtbot.waitSignal(inference.arrived, timeout=10_000) as arrived:
        inference.submit(Load())
    inference.close()

    assert isinstance(arrived.args[0], Ready)
    assert engine[0] > window  # a higher number is a lower priority
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == window
