"""Runtimes: each says what torch says on real frames; the quickest is found out and kept."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from threading import Barrier

import cv2
import numpy as np
import onnx
import pytest
import torch

from vos_annotator.core.errors import UserError
from vos_annotator.engine.registry import load_settled
from vos_annotator.mobilevos.checkpoint import load_checkpoint, save_checkpoint
from vos_annotator.mobilevos.demo import demo_scene
from vos_annotator.mobilevos.engine import MobileVOSEngine
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.mobilevos.runtimes import choice, compiled, probe
from vos_annotator.mobilevos.runtimes.graphs import PARTS, cache_folder, kept_graphs, make_graphs
from vos_annotator.mobilevos.runtimes.on_graphs import INT8
from vos_annotator.mobilevos.runtimes.quantized import PARTS as COARSE_PARTS
from vos_annotator.mobilevos.runtimes.quantized import favours_int8

TOLERANCE = 1e-3  # of logits
CPU = torch.device("cpu")
ON_GRAPHS = [name for name in choice.installed() if name in choice.OPENERS and name != INT8]
needs_int8 = pytest.mark.skipif(not favours_int8(), reason="no instructions for 8-bit integers")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Let each test begin with an empty cache and no wish."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(choice.VARIABLE)


@pytest.fixture
def small(tmp_path) -> Path:
    """Return the checkpoint of a network that learnt nothing."""
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, Network(NETWORKS["mobilevos-mobilenetv2"]))
    return path


def logits(runtime: str, size: int, learns: bool = False) -> np.ndarray:
    """Return what an engine says of a frame of the demo clip, after two that it knows."""
    engine, scene = MobileVOSEngine(size, runtime=runtime), demo_scene()
    for frame, label_map in enumerate(scene.label_maps):
        engine.memorize(frame, scene.frames[frame], label_map)
    if learns:
        frames = zip(range(2), scene.frames[:2], scene.label_maps, strict=True)
        engine.learn(frames)
    assert engine.vision.runtime.name == runtime
    return engine.segment(2, scene.frames[2]).logits


SIGNAL_AFTER_GRAPHS = """
import signal, sys
from pathlib import Path
import numpy as np
import openvino
from openvino import opset13 as ops
from vos_annotator.mobilevos.runtimes.on_graphs import open_in_openvino

given = ops.parameter([1], np.float32)
openvino.save_model(openvino.Model([ops.relu(given)], [given]), sys.argv[1])
graphs = [open_in_openvino(Path(sys.argv[1]), 1) for _ in range(3)]
while graphs:
    graphs.pop(0)
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
signal.raise_signal(signal.SIGUSR1)
"""


@pytest.mark.skipif("openvino" not in ON_GRAPHS or os.name != "posix", reason="no such signals")
def test_a_signal_is_heard_after_graphs_in_openvino_have_gone(tmp_path):
    words = [sys.executable, "-c", SIGNAL_AFTER_GRAPHS, str(tmp_path / "tiny.xml")]
    told = subprocess.run(words, check=False, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "heard\n"), told.stderr


@pytest.mark.parametrize("name", ON_GRAPHS)
def test_a_runtime_says_what_torch_says_at_any_size(name):
    for size in (96, 192):
        differ = np.abs(logits(name, size) - logits("torch", size))
        # Of two positions in memory that are equally near, one may read this one, another that.
        assert np.quantile(differ, 0.9) < TOLERANCE
        assert differ.max() < 0.05


@pytest.mark.parametrize("name", ["bfloat16", pytest.param(INT8, marks=needs_int8)])
@pytest.mark.parametrize("learns", [False, True])
def test_what_is_rounded_gives_about_the_masks_of_torch(name, learns):
    found, expected = (logits(each, 96, learns) > 0 for each in (name, "torch"))
    assert (found & expected).sum() > 0.97 * (found | expected).sum() > 0


@needs_int8
def test_every_convolution_of_a_mask_and_a_value_multiplies_8_bit_integers(small):
    folder = make_graphs(load_checkpoint(small)[0], small)
    for part in COARSE_PARTS:
        graph = onnx.load(folder / f"{part}.int8.onnx").graph
        stored = {each.name: each.data_type for each in graph.initializer}
        made = {name: node for node in graph.node for name in node.output}
        convolutions = [node for node in graph.node if node.op_type == "Conv"]
        weights = [made[node.input[1]] for node in convolutions]
        assert weights and {node.op_type for node in weights} == {"DequantizeLinear"}
        assert {stored[node.input[0]] for node in weights} == {onnx.TensorProto.INT8}


@needs_int8
def test_a_network_that_cannot_be_quantized_is_run_by_the_others(small, monkeypatch):
    def fail(folder, network):
        raise RuntimeError("no")

    monkeypatch.setattr("vos_annotator.mobilevos.runtimes.quantized.quantize", fail)
    network, _ = load_checkpoint(small)
    assert choice.load_runtime("onnxruntime", network, small).name == "onnxruntime"
    with pytest.raises(UserError, match="int8 does not work here"):
        choice.load_runtime(INT8, network, small)


def test_a_processor_without_instructions_for_8_bit_integers_is_not_asked(small, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    network, _ = load_checkpoint(small)
    assert INT8 not in choice.installed()
    assert len(list(make_graphs(network, small).glob("*.onnx"))) == len(PARTS)
    with pytest.raises(UserError, match="int8 does not work here"):
        choice.load_runtime(INT8, network, small)


def test_in_bfloat16_an_engine_recalls_denies_scribbles_and_looks_from_near():
    engine, scene = MobileVOSEngine(192, runtime="bfloat16"), demo_scene()
    label_map, picture = scene.label_maps[0], np.repeat(np.repeat(scene.frames[0], 2, 0), 2, 1)
    engine.memorize(0, scene.frames[0], label_map)
    assert engine.recall(0, engine.remembered(0))
    engine.deny(9, scene.frames[2], {1})
    fine = np.repeat(np.repeat(label_map, 2, 0), 2, 1)
    refined = engine.refine(1, picture, fine, lambda frame: (picture, fine))
    assert ((refined > 0) == (fine > 0)).mean() > 0.98
    strokes = np.where(cv2.erode(label_map, np.ones((9, 9))) == 1, 1, 0).astype(np.uint8)
    drawn = engine.scribble(0, scene.frames[0], strokes)
    assert (drawn & (label_map == 1)).sum() > 0.7 * (label_map == 1).sum()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_run_as_graphs(name, tmp_path):
    torch.manual_seed(0)
    network, checkpoint = Network(NETWORKS[name]).eval(), tmp_path / "some.safetensors"
    checkpoint.write_bytes(name.encode())  # what tells its graphs from others
    reference, runtime = (
        choice.load_runtime(each, network, checkpoint) for each in ("torch", "onnxruntime")
    )
    with torch.inference_mode():
        image, masks = torch.rand(1, 3, 96, 64), torch.rand(3, 2, 96, 64)
        expected, look = reference.look(image), runtime.look(image)
        torch.testing.assert_close(look, expected, atol=1e-3, rtol=1e-3)
        for_values = reference.for_values(expected, image)
        shared = runtime.for_values(look, image)
        torch.testing.assert_close(shared, for_values, atol=1e-3, rtol=1e-3)
        value = reference.memorize(masks, for_values)
        torch.testing.assert_close(runtime.memorize(masks, shared), value, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(
            runtime.decode(value, runtime.for_masks(look)),
            reference.decode(value, reference.for_masks(expected)),
            atol=1e-3,
            rtol=1e-3,
        )


@pytest.mark.parametrize("name", ON_GRAPHS)
def test_batches_side_by_side_say_what_they_say_one_after_the_other(name, small):
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        runtime = choice.load_runtime(name, load_checkpoint(small)[0], small)
        assert runtime.lanes == 3
        at_once = Barrier(3)  # passed by as many as run at the same time

        def value(masks, look, image):
            at_once.wait(60)
            return runtime.memorize(masks, runtime.for_values(look, image))

        with torch.inference_mode():
            masks, images = torch.rand(3, 2, 2, 96, 64), torch.rand(3, 1, 3, 96, 64)
            given = list(masks), [runtime.look(image) for image in images], list(images)
            found = runtime.each(value, *given)
            at_once = Barrier(1)
            expected = [value(*each) for each in zip(*given, strict=True)]
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(found, expected)


@pytest.fixture
def compiling():
    """Forget the modules that torch compiled, which nobody can import again.

    To word a TypeError PySide looks through all modules, and at such a one it ends the process.
    """
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if find_spec(name.partition(".")[0]) is None:
            del sys.modules[name]


@pytest.mark.skipif(not shutil.which("g++"), reason="nothing to compile with")
@pytest.mark.usefixtures("compiling")
def test_what_torch_compiles_says_what_the_network_says(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "favours_bfloat16", lambda device: False)
    torch.manual_seed(0)
    network = Network(NETWORKS["mobilevos-light"]).eval()
    reference, runtime = (
        choice.load_runtime(each, network, tmp_path) for each in ("torch", "compiled")
    )
    with torch.inference_mode():
        looks = [reference.look(image) for image in torch.rand(2, 1, 3, 64, 96)]
        found = [runtime.for_masks(look) for look in looks]
        expected = [reference.for_masks(look) for look in looks]
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_where_there_is_nothing_to_compile_with_torch_is_named_instead(
    small, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()  # what another test compiled
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    with pytest.raises(UserError, match=r"compiled does not work here .*: choose torch"):
        choice.load_runtime("compiled", load_checkpoint(small)[0], small)


def test_what_an_engine_learnt_runs_in_torch_whatever_runs_the_rest(monkeypatch):
    def contrary(decoder, lessons, cancelled):
        learnt = deepcopy(decoder)
        learnt.out.bias.data += 5
        return learnt

    monkeypatch.setattr("vos_annotator.mobilevos.engine.learnt_decoder", contrary)
    before, expected = logits("onnxruntime", 96), logits("torch", 96, learns=True)
    learnt = logits("onnxruntime", 96, learns=True)

    assert np.abs(learnt - expected).max() < TOLERANCE
    assert np.abs(learnt - before).max() > 1


def test_onnxruntime_tells_nobody_what_it_runs(tmp_path):
    words = "import vos_annotator, onnxruntime; onnxruntime.SessionOptions()"
    said = "CI", "ORT_DISABLE_TELEMETRY"
    surroundings = {name: value for name, value in os.environ.items() if name not in said}
    subprocess.run([sys.executable, "-c", words], env=surroundings, check=True)
    assert not list((tmp_path / "cache").rglob("*"))  # no number to be known by


def test_openvino_tells_nobody_that_it_runs(tmp_path):
    pytest.importorskip("openvino_telemetry")
    words = "from vos_annotator.mobilevos.runtimes import on_graphs; on_graphs._openvino()"
    said = "CI", "TF_BUILD", "JENKINS_URL"  # where it is silent of itself
    surroundings = {name: value for name, value in os.environ.items() if name not in said}
    surroundings |= {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    # Proxies that nobody answers at: without the mend, nothing leaves the machine of a test.
    surroundings |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    subprocess.run([sys.executable, "-c", words], env=surroundings, check=True)
    assert not list(tmp_path.iterdir())  # no number to be known by


def test_graphs_are_made_once_and_again_for_other_weights(small):
    network, _ = load_checkpoint(small)
    folder = make_graphs(network, small)
    made = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    assert make_graphs(network, small) == folder == kept_graphs(small)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == made
    save_checkpoint(small, Network(NETWORKS["mobilevos-mobilenetv2"]))
    assert kept_graphs(small) is None


def test_two_processes_that_make_the_same_graphs_do_not_disturb_each_other(small):
    words = (
        "import sys; from pathlib import Path;"
        "from vos_annotator.mobilevos.checkpoint import load_checkpoint;"
        "from vos_annotator.mobilevos.runtimes.graphs import make_graphs;"
        "path = Path(sys.argv[1]); make_graphs(load_checkpoint(path)[0], path)"
    )
    both = [subprocess.Popen([sys.executable, "-c", words, str(small)]) for _ in range(2)]

    assert [each.wait() for each in both] == [0, 0]
    coarse = len(COARSE_PARTS) if favours_int8() else 0
    assert len(list(kept_graphs(small).glob("*.onnx"))) == len(PARTS) + coarse
    assert [path.name for path in cache_folder().iterdir()] == [kept_graphs(small).name]


def test_it_is_torch_until_it_was_found_out_what_is_quickest_here(small):
    network, _ = load_checkpoint(small)
    assert choice.choose_runtime(network, small, CPU).name == "torch"
    assert not choice.is_settled(network, small, CPU)

    assert "on this machine" in probe.prepare(small, (64, 96))
    assert choice.is_settled(network, small, CPU)
    note = next(cache_folder().glob("*.json"))
    found = json.loads(note.read_text())
    assert set(found["ms"]) == set(choice.installed())
    for name in choice.installed():
        note.unlink()
        choice.settle(network, name, found["ms"])
        assert choice.choose_runtime(network, small, CPU).name == name


def test_other_weights_of_a_network_are_run_by_what_was_quickest_for_it(small):
    network, _ = load_checkpoint(small)
    choice.settle(network, "onnxruntime", {})
    assert choice.choose_runtime(network, small, CPU).name == "torch"  # it has no graphs yet

    assert probe.prepare(small) == ""  # nothing is measured again
    assert choice.choose_runtime(network, small, CPU).name == "onnxruntime"


def test_what_another_process_noted_stays_so_that_all_run_the_same(small):
    network, _ = load_checkpoint(small)
    assert choice.settle(network, "onnxruntime", {})
    assert not choice.settle(network, "torch", {})
    assert choice.noted(network) == "onnxruntime"


def test_another_number_of_threads_is_measured_for_itself(small):
    network, _ = load_checkpoint(small)
    choice.settle(network, "torch", {})
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        assert choice.noted(network) is None
    finally:
        torch.set_num_threads(threads)
    assert choice.noted(network) == "torch"


def test_whoever_can_wait_gets_what_is_quickest_at_once_and_is_told_of_it_once(
    small, monkeypatch, caplog
):
    network, _ = load_checkpoint(small)
    words = "import sys; print('onnxruntime it is')"
    monkeypatch.setattr(
        probe,
        "start_probe",
        lambda checkpoint, yields: subprocess.Popen(
            [sys.executable, "-c", words], stdout=subprocess.PIPE, text=True
        ),
    )
    make_graphs(network, small)
    choice.settle(network, "onnxruntime", {})
    probe.wait_for_probe(network, small)
    assert caplog.messages == ["onnxruntime it is"]
    assert load_settled(checkpoint=small).vision.runtime.name == "onnxruntime"


def test_a_library_that_ends_the_probe_is_not_tried_again(small, monkeypatch):
    words = "import os; os.abort()"
    monkeypatch.setattr(
        probe,
        "start_probe",
        lambda checkpoint, yields: subprocess.Popen(
            [sys.executable, "-c", words], stdout=subprocess.PIPE, text=True
        ),
    )
    assert load_settled(checkpoint=small).vision.runtime.name == "torch"
    assert choice.is_settled(load_checkpoint(small)[0], small, CPU)


def test_the_probe_runs_in_a_process_of_its_own(small):
    assert probe.start_probe(small, yields=False).wait() == 0
    assert choice.is_settled(load_checkpoint(small)[0], small, CPU)


def test_a_runtime_that_says_something_else_is_not_chosen(small, monkeypatch):
    class Liar(choice.GraphRuntime):
        def decode(self, read, prepared):
            return super().decode(read, prepared) + 1

    monkeypatch.setattr(choice, "GraphRuntime", Liar)
    probe.prepare(small, (64, 96))
    assert choice.noted(load_checkpoint(small)[0]) == "torch"


@pytest.mark.parametrize(("knows", "name"), [(True, "bfloat16"), (False, "torch")])
def test_a_gpu_runs_the_network_in_bfloat16_if_it_need_not_imitate_it(
    small, monkeypatch, knows, name
):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: knows or including_emulation
    )
    network, _ = load_checkpoint(small)
    gpu = torch.device("cuda")
    assert choice.choose_runtime(network, small, gpu).name == name
    assert choice.choose_runtime(network, small, gpu, "torch").name == "torch"
    assert next(network.parameters()).dtype == torch.float32  # what learns stays as it is


def test_a_gpu_runs_no_graphs_for_cpus_and_says_so_to_whoever_asks_for_them(small, monkeypatch):
    network, _ = load_checkpoint(small)
    gpu = torch.device("cuda")
    with pytest.raises(UserError, match="onnxruntime is for CPUs, and the network runs on cuda"):
        choice.choose_runtime(network, small, gpu, "onnxruntime")
    monkeypatch.setenv(choice.VARIABLE, "onnxruntime")  # of the machine: for whatever runs on it
    assert choice.choose_runtime(network, small, gpu).name == "torch"


def test_damaged_graphs_leave_torch_at_work_until_they_are_made_again(small, caplog):
    network, _ = load_checkpoint(small)
    (make_graphs(network, small) / "look.onnx").write_bytes(b"no graph")
    choice.settle(network, "onnxruntime", {})

    assert choice.choose_runtime(network, small, CPU).name == "torch"
    assert not choice.is_settled(network, small, CPU)
    assert probe.prepare(small) == ""
    assert choice.choose_runtime(network, small, CPU).name == "onnxruntime"
    (kept_graphs(small) / "decode.onnx").unlink()
    assert choice.choose_runtime(network, small, CPU, "onnxruntime").name == "onnxruntime"
    assert [path.name for path in cache_folder().glob("[!q]*")] == [kept_graphs(small).name]


@pytest.mark.skipif(sys.platform == "win32", reason="no ulimit")
@pytest.mark.skipif(not ON_GRAPHS, reason="nothing runs graphs here")
def test_a_disk_that_is_full_for_now_does_not_decide_for_torch_for_good(small, monkeypatch, caplog):
    network, _ = load_checkpoint(small)
    start = subprocess.Popen
    monkeypatch.setattr(  # the shell's limit on files is as good as a full disk
        probe.subprocess,
        "Popen",
        lambda words, **more: start(
            ["sh", "-c", f"ulimit -f 64; exec {shlex.join(words)}"], **more
        ),
    )
    probe.wait_for_probe(network, small)

    assert choice.noted(network) is None
    assert str(cache_folder()) in caplog.text
    assert list(cache_folder().iterdir()) == []


def test_what_is_asked_for_counts_more_than_the_environment_and_that_more_than_speed(
    small, monkeypatch
):
    network, _ = load_checkpoint(small)
    choice.settle(network, "onnxruntime", {})
    make_graphs(network, small)
    monkeypatch.setenv(choice.VARIABLE, "torch")

    assert choice.choose_runtime(network, small, CPU).name == "torch"
    assert choice.is_settled(network, small, CPU)
    assert choice.choose_runtime(network, small, CPU, "auto").name == "onnxruntime"
    assert choice.choose_runtime(network, small, torch.device("meta"), "auto").name == "torch"
    with pytest.raises(UserError, match="no runtime abacus"):
        choice.choose_runtime(network, small, CPU, "abacus")
