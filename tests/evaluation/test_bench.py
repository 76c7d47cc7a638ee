"""`bench` measures what it says: its clock, its probe of the window, its figures."""

import json
import mmap
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.ui.window import isolate_settings
from vos_annotator.cli import main
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import object_ids
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.hold import HoldEngine
from vos_annotator.evaluation.bench.clips import CODINGS, GROUP
from vos_annotator.evaluation.bench.extent import QUICK
from vos_annotator.evaluation.bench.length import run_pass
from vos_annotator.evaluation.bench.measures import MEASURES, Measure
from vos_annotator.evaluation.bench.references import time_read
from vos_annotator.evaluation.bench.scene import Scene, write_clip
from vos_annotator.evaluation.bench.seeking import long_clip
from vos_annotator.evaluation.bench.setting import Setting, run_module
from vos_annotator.evaluation.bench.stages import time_stages
from vos_annotator.evaluation.bench.window import measure_start
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.overlay import MaskItem
from vos_annotator.ui.probe.strokes import Strokes
from vos_annotator.ui.probe.watches import Gaps

SHAPE = (96, 160)


class SlowEngine(HoldEngine):
    """Holds still, after a while; tells what stage the while was spent on."""

    def __init__(self):
        super().__init__()
        self.timings = {}
        self.memorized = set()

    def memorize(self, frame, image, label_map):
        super().memorize(frame, image, label_map)
        self.memorized.add(frame)

    def forget(self, frame):
        super().forget(frame)
        self.memorized.discard(frame)

    def segment(self, frame, image, absent=()):
        self.timings = {"read": 0.001 * len(self.memorized)}
        spend(0.02)
        return super().segment(frame, image)


def spend(seconds, clock=time.perf_counter):
    """Keep the thread busy."""
    until = clock() + seconds
    while clock() < until:
        pass


@pytest.fixture
def setting(tmp_path):
    """A setting in which everything is as small as it can be."""
    tiny = replace(
        QUICK, sizes=("288p",), objects=(1, 2), frames=9, carried=("144p",), places=(3, 6)
    )
    tiny = replace(
        tiny,
        reopened=2,
        clip_sizes=("144p",),
        seeks=3,
        gui_frames=4,
        painted=("288p",),
        moves=20,
        exported=2,
    )
    return Setting(EngineChoice("hold"), tiny, tmp_path)


def test_the_command_prints_tables_and_writes_figures_and_charts(tmp_path, capsys):
    file, charts = tmp_path / "new" / "bench.json", tmp_path / "charts"
    words = ["--quick", "--engine", "hold", "--only", "stages", "--only", "length"]

    assert main(["bench", *words, "--json", str(file), "--charts", str(charts)]) == 0

    figures = json.loads(file.read_text())
    assert figures["ms_per_frame"].keys() == {"288p", "480p"}
    assert all(ms > 0 for ms in figures["ms_per_frame"].values())
    assert abs(figures["rss_growth"]) < 1
    assert "start_ms" not in figures  # it was not asked for
    table = capsys.readouterr().out
    for words in ("480p, hold", "3 objects", "all in", "CPU", "memory, from frame 20"):
        assert words in table
    for name in ("objects", "length", "memory"):
        assert (charts / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_measured_before_an_interruption_is_in_the_file(tmp_path, monkeypatch):
    def interrupted(setting):
        raise KeyboardInterrupt

    monkeypatch.setitem(MEASURES, "length", Measure("length", "", interrupted))
    words = ["--quick", "--engine", "hold", "--only", "stages", "--only", "length"]

    assert main(["bench", *words, "--json", str(tmp_path / "bench.json")]) == 130

    figures = json.loads((tmp_path / "bench.json").read_text())
    assert "ms_per_frame" in figures and "length" not in figures


def test_a_measure_that_there_is_not_is_a_mistake_of_the_user(capsys):
    assert main(["bench", "--only", "luck"]) == 2
    assert "stages" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["stages", "runtimes", "worker", "references", "reopening", "video", "export", "gaps"]
)
def test_every_measure_gives_figures_and_tables(name, setting):
    outcome = MEASURES[name].measure(setting)

    assert all(value > 0 or name == "references" for value in numbers(outcome.headline))
    assert numbers(outcome.figures)
    for table in outcome.tables:
        assert table.rows
        assert all(len(cells) == len(table.columns) for _, cells in table.rows)


def test_the_window_is_seen_before_torch_is_loaded_and_its_start_is_sought_for_no_garbage(setting):
    figures = measure_start(setting).figures

    assert figures["has_torch"] is False
    assert figures["frozen"] > 10_000
    assert figures["window_cpu_ms"]["median"] > 0
    assert 0 < figures["window_ms"]["median"] <= figures["picture_ms"]["median"]


@pytest.mark.parametrize("is_variable", [False, True])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_repeated_group_is_a_clip_whose_frames_can_all_be_found(setting, coding, is_variable):
    clip = long_clip(setting, "144p", coding, 6, is_variable)

    with open_video(clip) as video:
        assert video.frame_count == 3 * GROUP
        assert (video[0] == video[2 * GROUP]).all()
        assert (video[GROUP - 1] == video[3 * GROUP - 1]).all()
        assert (video[0] != video[GROUP - 1]).any()
        steps = np.diff([video.time(frame) for frame in range(10)])
        assert (steps.max() > 1.5 * steps.min()) == is_variable


def numbers(value):
    """Return all numbers in a nest of dicts and lists."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    return [value] if isinstance(value, int | float) else []


def test_in_a_whole_session_with_the_real_engine_the_window_loads_no_network(setting):
    scene = Scene(SHAPE, frame_count=6)
    files = setting.clip(scene), setting.mask(scene)
    found = run_module(
        "vos_annotator.ui.probe", "all", *files, "--count", 5, "--size", 48, folder=setting.folder
    )
    assert found["loaded"] == [] and found["strokes"]["median_ms"] > 0


def test_an_engine_that_is_not_installed_is_a_mistake_of_the_user(capsys):
    assert main(["bench", "--engine", "no such"]) == 2
    assert "hold" in capsys.readouterr().err


def test_a_frame_is_timed_from_its_file_to_its_png(tmp_path):
    scene = Scene(SHAPE, 2, 12)
    clip = write_clip(tmp_path / "clip.mp4", scene)

    stages = time_stages(SlowEngine(), clip, scene, 8)

    assert stages.total >= 20
    assert 20 <= stages.least <= stages.total
    assert stages.by_stage["read memory"] == pytest.approx(1)
    assert stages.by_stage["other"] >= 18  # in the engine, but in none of its stages
    assert {"decode video", "label map", "PNG"} < stages.by_stage.keys()


def test_a_runtime_that_takes_many_times_as_long_is_left_out_and_that_is_told(setting, monkeypatch):
    frames = dict.fromkeys(("torch", "bfloat16", "int8"), 0)

    class Engine(HoldEngine):
        def __init__(self, runtime):
            super().__init__()
            self.runtime = runtime

        def segment(self, frame, image, absent=()):
            frames[self.runtime] += 1
            spend(0.2 if self.runtime == "bfloat16" else 0.002)
            return super().segment(frame, image)

    def load(self, size, runtime):
        if runtime not in frames:
            raise UserError("It is not installed.")
        return Engine(runtime)

    monkeypatch.setattr(Setting, "load", load)
    outcome = MEASURES["runtimes"].measure(setting)

    assert frames["bfloat16"] == 2  # to warm up, with the fewest objects
    assert frames["torch"] == frames["int8"] > 4
    assert "1 object, bfloat16: left out, " in str(outcome.tables[0])
    assert outcome.figures["288p"]["1"]["bfloat16"].keys() == {"times_as_long"}
    assert outcome.figures["288p"]["2"].keys() == {"torch", "int8"}


def test_charts_that_no_measure_draws_are_told_to_be_missing(tmp_path, capsys):
    words = ["--quick", "--engine", "hold", "--only", "export", "--charts", str(tmp_path / "c")]
    assert main(["bench", *words]) == 0
    assert "there is no chart" in capsys.readouterr().out


def test_a_folder_that_is_no_rival_is_told_before_anything_is_measured(tmp_path, capsys):
    assert main(["bench", "--only", "stages", "--compare", str(tmp_path)]) == 2
    assert capsys.readouterr().out == ""


def test_reading_is_told_for_each_number_of_references_and_the_memory_left_empty():
    engine = SlowEngine()

    reads = time_read(engine, Scene(SHAPE, frame_count=60), (1, 10, 20))

    assert [each.references for each in reads] == [1, 10, 20]
    assert [round(each.read_ms) for each in reads] == [1, 10, 20]
    assert all(each.total_ms >= 20 for each in reads)
    assert not engine.memorized


def test_memory_that_a_pass_keeps_is_noticed(tmp_path):
    hoard = []

    class Hoarder(SlowEngine):
        def segment(self, frame, image, absent=()):
            fresh = mmap.mmap(-1, 4 << 20)  # arrays might lie where others were freed
            np.frombuffer(fresh, np.uint8)[:] = 1
            hoard.append(fresh)
            return super().segment(frame, image)

    scene = Scene(SHAPE, frame_count=101)
    clip = write_clip(tmp_path / "clip.mp4", scene)

    places, _ = run_pass(Hoarder, clip, scene, (20, 40, 60))

    assert [place.frame for place in places] == [20, 40, 60]
    assert places[2].rss_mib - places[1].rss_mib > 60
    assert all(place.ms >= 20 for place in places)


@pytest.mark.parametrize(("late_ms", "least", "most"), [(4, -0.5, 0.5), (20, 1, 5)])
def test_time_that_a_frame_takes_more_far_along_a_pass_is_noticed(tmp_path, late_ms, least, most):
    class Engine(HoldEngine):
        def segment(self, frame, image, absent=()):
            spend(0.001 * (late_ms if frame > 60 else 4), time.process_time)
            return super().segment(frame, image)

    scene = Scene(SHAPE, frame_count=101)
    clip = write_clip(tmp_path / "clip.mp4", scene)

    _, growth = run_pass(Engine, clip, scene, (20, 40, 60))

    assert least < growth < most


def test_the_scene_moves_its_objects_and_knows_their_masks():
    scene = Scene(SHAPE, 3, 10)

    assert object_ids(scene.label_map(0)) == (1, 2, 3)
    mask = scene.label_map(0) == 1
    moved = scene.label_map(9) == 1
    assert mask.sum() == moved.sum()
    assert (mask != moved).any()
    assert (scene[0][mask] == scene[9][moved]).all()  # the same disc, elsewhere


def test_a_gap_is_as_long_as_the_event_loop_was_kept(qtbot):
    gaps = Gaps()
    gaps.start()
    qtbot.waitUntil(lambda: len(gaps.waits) > 3)
    spend(0.08)
    seen = len(gaps.waits)
    qtbot.waitUntil(lambda: len(gaps.waits) > seen)
    gaps.stop()

    assert max(gaps.waits) >= 0.08
    assert np.median(gaps.waits) < 0.08


def test_a_stroke_is_over_when_its_pixels_are_painted(qtbot, tmp_path, monkeypatch):
    paint, slowed = MaskItem.paint, []

    def slow_paint(self, *arguments):
        paint(self, *arguments)
        if slowed:
            spend(0.03)

    monkeypatch.setattr(MaskItem, "paint", slow_paint)
    isolate_settings(tmp_path / "settings")
    clip = write_clip(tmp_path / "clip.mp4", Scene(SHAPE, frame_count=2))
    window = MainWindow(Project.create(tmp_path / "a.vos", open_video(clip)), "hold", 96)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.canvas.is_current, timeout=10_000)
    window.cursor.tool, window.cursor.brush_size = "brush", 20
    slowed.append(True)
    done = []
    strokes = Strokes(window, 5, lambda: done.append(True))
    strokes.start()
    qtbot.waitUntil(lambda: bool(done), timeout=10_000)
    maps = window.document.annotations
    qtbot.waitUntil(lambda: 0 in maps.references, timeout=10_000)

    assert len(strokes.latencies) == 5
    assert min(strokes.latencies) >= 0.03
    assert len(strokes.endings) == 1
    assert maps[0].sum() > 300  # it was the brush that painted
    window.close()
