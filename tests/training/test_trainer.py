"""Training runs on a small data folder: they learn, stop, resume exactly and agree."""

import csv
import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tests.training.small_data import write_small_data
from vos_annotator.cli import main
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.mobilevos.checkpoint import load_checkpoint, save_checkpoint
from vos_annotator.training import trainer
from vos_annotator.training.command import data_sets, make_network
from vos_annotator.training.recipe import Data, NetworkRecipe, read_recipe
from vos_annotator.training.run_folder import RunFolder
from vos_annotator.training.task import Task

RECIPE = """
[network]
init = "random"
shape = {value_dim = 16, decoder = [16, 8, 8]}
[data]
workers = 0
[[stages]]
name = "first"
steps = 3
batch = 2
length = 2
size = 64
[[stages]]
name = "second"
steps = 3
batch = 1
accumulate = 2
length = 3
size = 96
freeze = "nothing"
losses = {representation = 0.1, omega = 0.0, pixels = 256, poly = 1.0}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def tells_often(monkeypatch):
    monkeypatch.setattr(trainer, "LOG_EVERY", 5)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def train(recipe, data, out, *more: str) -> int:
    return main(["train", str(recipe), "--data", str(data), "--out", str(out), *more])


def weights(folder) -> dict[str, torch.Tensor]:
    return RunFolder(folder).read_state()["network"]


def test_where_late_layers_are_frozen_the_first_ones_learn_alone(recipe, data, tmp_path):
    def after(rate: float) -> dict[str, torch.Tensor]:
        stage = f'{{steps=2, batch=2, length=2, size=64, freeze="late", rate={rate}}}'
        train(recipe, data, tmp_path / str(rate), "--set", f"stages=[{stage}]")
        return weights(tmp_path / str(rate))

    before, now = after(0.0), after(0.1)
    changed = {name for name in now if not torch.equal(now[name], before[name])}
    first = ("backbone.stem.", "backbone.blocks.0.", "backbone.blocks.1.", "backbone.blocks.2.")
    assert changed == {name for name in now if name.startswith(first)}


def test_a_run_trains_all_its_stages_and_leaves_a_checkpoint_a_log_and_curves(
    recipe, data, tmp_path, capsys
):
    out = tmp_path / "run"
    assert train(recipe, data, out, "--set", "stages.0.steps=5") == 0
    network, notes = load_checkpoint(out / "average.safetensors")
    assert notes["step"] == 8
    assert network.config.value_dim == 16
    assert RunFolder(out).is_done
    assert (out / "curves.png").stat().st_size > 1000
    assert "loss_tracking" in (out / "log.csv").read_text()
    assert "first  step 5 " in capsys.readouterr().out


def test_a_run_that_was_interrupted_ends_bit_for_bit_like_one_that_was_not(recipe, data, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    words = ["--set", "stages.1.freeze=backbone"]  # what learnt in the first stage, too
    assert train(recipe, data, whole, *words) == 0
    for _ in range(2):  # each process presses Ctrl-C itself, in its second step
        code = (
            "import os, signal, sys\n"
            "from vos_annotator.training import trainer\n"
            "learn, calls = trainer.Trainer._learn, []\n"
            "def twice(self, *rest):\n"
            "    calls.append(len(calls) and os.kill(os.getpid(), signal.SIGINT))\n"
            "    return learn(self, *rest)\n"
            "trainer.Trainer._learn = twice\n"
            "from vos_annotator.cli import main\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        resumes = ["--resume"] if parts.exists() else []
        asked = ["train", str(recipe), "--data", str(data), "--out", str(parts), *words, *resumes]
        subprocess.run([sys.executable, "-c", code, *asked], check=True, capture_output=True)
    assert RunFolder(parts).read_state()["step"] == 4
    assert train(recipe, data, parts, *words, "--resume") == 0
    ours, theirs = weights(whole), weights(parts)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert any(not torch.equal(ours[name], make_network_weights(recipe)[name]) for name in ours)


def make_network_weights(recipe) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shape = {"value_dim": 16, "decoder": [16, 8, 8]}
    return make_network(NetworkRecipe(init="random", shape=shape)).state_dict()


def test_steps_lower_the_loss(recipe, data, tmp_path):
    out = tmp_path / "run"
    changes = ["steps=40", "rate=4e-3", "warm_up=5", "batch=4", "losses.hardest=1"]
    words = [word for change in changes for word in ("--set", f"stages.0.{change}")]
    assert train(recipe, data, out, *words) == 0
    with (out / "log.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == "first"]
    losses = [float(row["loss_tracking"]) + 0.5 * float(row["loss_scribble"]) for row in rows]
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])


def write_davis(root, data, name: str):
    """Write a DAVIS root of one clip; return it."""
    for part in ("JPEGImages", "Annotations"):
        (root / part / "480p" / name).mkdir(parents=True)
    for n, picture in enumerate(sorted((data / "videos/set/roll/images").iterdir())):
        target = root / "JPEGImages" / "480p" / name / f"{n:05d}.jpg"
        target.write_bytes(picture.read_bytes())
        mask = np.zeros((120, 160), np.uint8)
        mask[30:90, 20 + 8 * n : 60 + 8 * n] = 1
        (root / "Annotations" / "480p" / name / f"{n:05d}.png").write_bytes(encode_png(mask))
    return root


def test_clips_that_are_evaluated_on_are_not_trained_on(recipe, data, tmp_path, capsys):
    root = write_davis(tmp_path / "davis", data, "roll")
    words = ("--set", f"evaluation.davis={root}")
    assert train(recipe, data, tmp_path / "run", *words) == 2
    assert "set/roll of the training data" in capsys.readouterr().err


def test_the_best_average_on_the_development_clips_is_kept(recipe, data, tmp_path):
    root, out = write_davis(tmp_path / "davis", data, "watched"), tmp_path / "run"
    assert train(recipe, data, out, "--set", f"evaluation.davis={root}") == 0
    rows = (out / "evaluations.csv").read_text().splitlines()[1:]
    assert len(rows) == 2
    _, notes = load_checkpoint(out / "best.safetensors")
    assert notes["JF_mean"] == pytest.approx(max(float(r.split(",")[-1]) for r in rows), abs=1e-3)


def test_two_processes_whose_clocks_differ_train_one_network_and_keep_no_losses(
    recipe, data, tmp_path
):
    script, out = tmp_path / "script.py", tmp_path / "run"
    script.write_text(
        "import os, sys, time\n"
        "from types import SimpleNamespace\n"
        "from vos_annotator.training import trainer\n"
        "from vos_annotator.training.meter import Meter\n"
        "trainer.LOG_EVERY = 2\n"
        "if os.environ['RANK'] == '1':\n"
        "    clock = time.perf_counter\n"
        "    trainer.time = SimpleNamespace(perf_counter=lambda: 3 * clock())\n"
        "    add = Meter.add\n"
        "    def checked(self, *rest):\n"
        "        add(self, *rest)\n"
        "        assert all(len(each) <= 2 for each in self._losses.values())\n"
        "    Meter.add = checked\n"
        "from vos_annotator.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["train", str(recipe), "--data", str(data), "--out", str(out)]
    words += ["--set", "evaluation.minutes=0.01"]  # both have to evaluate after the same step
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    done = subprocess.run(
        [*command, str(script), *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert load_checkpoint(out / "average.safetensors")[1]["step"] == 6
    assert train(recipe, data, tmp_path / "alone") == 0
    together, alone = weights(out), weights(tmp_path / "alone")
    assert not torch.equal(  # the other process's clips count too
        together["decoder.out.weight"], alone["decoder.out.weight"]
    )


def begin(recipe, data, out) -> subprocess.Popen:
    """Begin a run of minutes, with a worker, in a process group of its own; it has made steps."""
    words = ["train", str(recipe), "--data", str(data), "--out", str(out)]
    for change in ("stages.0.steps=0", "stages.0.minutes=10", "data.workers=1"):
        words += ["--set", change]
    code = (
        "import sys\n"
        "from vos_annotator.training import trainer\n"
        "trainer.LOG_EVERY = 5\n"
        "from vos_annotator.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert "step 5 " in process.stdout.readline()
    return process


@pytest.mark.parametrize("stop", ["TERM to it", "TERM to its group", "Ctrl-C in a terminal"])
def test_a_stop_signal_ends_a_run_of_minutes_with_everything_saved(recipe, data, tmp_path, stop):
    out = tmp_path / "run"
    process = begin(recipe, data, out)
    if stop == "TERM to it":
        process.send_signal(signal.SIGTERM)
    else:  # which workers are of, unless they leave it
        os.killpg(process.pid, signal.SIGINT if "Ctrl" in stop else signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    state = RunFolder(out).read_state()
    assert state["stage"] == 0 and state["stage_step"] >= 5
    assert not RunFolder(out).is_done


def test_a_run_that_an_error_ends_has_saved_what_it_learnt(recipe, data, tmp_path):
    out = tmp_path / "run"
    process = begin(recipe, data, out)
    workers = psutil.Process(process.pid).children(recursive=True)
    for worker in workers:
        worker.kill()  # as a system does that is short of memory
    assert "Traceback" in process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert not any(worker.is_running() for worker in workers)
    assert RunFolder(out).read_state()["stage_step"] >= 5


def spoil(monkeypatch, *steps: int) -> None:
    """Let the losses of some steps be no number, and the norms' statistics with them."""
    forward, made = Task.forward, []

    def spoilt(self, *rest):
        loss, parts = forward(self, *rest)
        made.append(loss)
        if len(made) in steps:
            for buffer in self.network.buffers():
                buffer.data.fill_(0 if buffer.dtype == torch.long else float("nan"))
            loss = loss * float("nan")
        return loss, parts

    monkeypatch.setattr(Task, "forward", spoilt)


@pytest.mark.parametrize("name", ["mobilevos-fast", "mobilevos-resnet18"])
def test_a_step_without_a_finite_gradient_is_left_out(
    recipe, data, tmp_path, monkeypatch, caplog, name
):
    spoil(monkeypatch, 2)
    words = ("--set", f"network.name={name}", "--set", "network.shape={}")
    assert train(recipe, data, tmp_path / "run", *words) == 0
    assert "step 1 was left out" in caplog.text
    network, notes = load_checkpoint(tmp_path / "run" / "average.safetensors")
    assert notes["step"] == 6
    assert all(weight.isfinite().all() for weight in network.state_dict().values())


def test_many_steps_without_a_finite_gradient_end_a_run_that_can_go_on(
    recipe, data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(trainer, "MOST_LEFT_OUT", 3)
    spoil(monkeypatch, *range(3, 100))
    out = tmp_path / "run"
    assert train(recipe, data, out, "--set", "stages.0.steps=50") == 2
    assert "3 steps in a row" in capsys.readouterr().err
    assert all(weight.isfinite().all() for weight in weights(out).values())
    monkeypatch.undo()
    assert train(recipe, data, out, "--set", "stages.0.steps=6", "--resume") == 0


@pytest.fixture
def full_disk(monkeypatch):
    """Let files larger than a log have no room, while its list says so; what fails is counted."""
    write, full = Path.write_bytes, [True]

    def refuse(path, content):
        if full[0] and len(content) > 10_000:
            full.append(path)
            write(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    return full


def test_a_save_in_between_that_fails_does_not_end_the_run(
    recipe, data, tmp_path, monkeypatch, caplog, full_disk
):
    out, learn = tmp_path / "run", trainer.Trainer._learn

    def free_some_space_then_learn(self, *rest):
        full_disk[0] = self.step < 4
        return learn(self, *rest)

    monkeypatch.setattr(trainer, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(trainer.Trainer, "_learn", free_some_space_then_learn)
    assert train(recipe, data, out) == 0
    assert "the disk is full" in caplog.text
    assert load_checkpoint(out / "average.safetensors")[1]["step"] == 6
    assert not [path for path in out.iterdir() if path.suffix == ".part"]


def test_a_run_whose_last_save_fails_says_so_and_leaves_no_part(
    recipe, data, tmp_path, capsys, full_disk
):
    out = tmp_path / "run"
    assert train(recipe, data, out) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert len(full_disk) > 1
    assert {path.name for path in out.iterdir()} <= {"recipe.json", "log.csv"}


def test_an_average_that_has_run_away_is_not_kept(recipe, data, tmp_path, capsys):
    out = tmp_path / "run"
    words = ("--set", "stages.0.rate=1e12", "--set", "stages.0.warm_up=1")
    assert train(recipe, data, out, *words, "--set", "stages.0.losses={scribble=0}") == 2
    assert "beyond all bounds" in capsys.readouterr().err
    assert not (out / "average.safetensors").exists()


def test_a_run_is_not_begun_over_another_and_not_resumed_from_nothing(recipe, data, tmp_path):
    out = tmp_path / "run"
    assert train(recipe, data, out, "--resume") == 2
    assert train(recipe, data, out) == 0
    before = (out / "average.safetensors").read_bytes()
    assert train(recipe, data, out) == 2
    assert (out / "average.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("stages.1.losses.pixels=15", 'stage "second" compares too few pixels.*at least 16'),
        ("stages.1.losses={features=1.0}", "crops too small"),
    ],
)
def test_a_stage_that_compares_too_few_pixels_is_named_before_the_first_step(
    recipe, data, tmp_path, capsys, change, says
):
    words = ("--set", "teacher.features=none.onnx", "--set", change)
    assert train(recipe, data, tmp_path / "run", *words) == 2
    assert re.search(says, capsys.readouterr().err)
    assert not RunFolder(tmp_path / "run").has_state


def test_hints_of_a_teacher_whose_widths_do_not_fit_are_refused_before_the_first_step(
    recipe, data, tmp_path, capsys
):
    hints = "{tracking = 0, scribble = 0, hint = 1}"
    words = ("--set", "teacher.checkpoint=mobilevos-teacher", "--set", f"stages.1.losses={hints}")

    assert train(recipe, data, tmp_path / "run", *words) == 2
    told = capsys.readouterr().err
    assert "mobilevos-fast cannot learn from hints of mobilevos-teacher" in told
    assert "24, 32, 96 channels" in told and "the teacher's 24, 48, 120" in told
    assert not RunFolder(tmp_path / "run").has_state


def test_a_set_that_is_weighted_but_not_there_is_named(recipe, data, tmp_path, caplog):
    assert train(recipe, data, tmp_path / "run", "--set", "data.weights={sett=2.0, set=1.0}") == 0
    assert "data.weights names sett, but the sets with videos are: set." in caplog.text
    assert "names set," not in caplog.text


@pytest.fixture
def begun(recipe, data, tmp_path, monkeypatch):
    """A run with changes, stopped after two steps; what it began with is gone."""
    out, start = tmp_path / "run", tmp_path / "start.safetensors"
    network = NetworkRecipe(init="random", shape={"value_dim": 16, "decoder": [16, 8, 8]})
    save_checkpoint(start, make_network(network))
    learn = trainer.Trainer._learn

    def stop_in_the_second_step(self, *rest):
        if self.step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self, *rest)

    monkeypatch.setattr(trainer.Trainer, "_learn", stop_in_the_second_step)
    words = ("--init", str(start), "--set", "stages.1.steps=2", "--set", "stages.0.batch=1")
    assert train(recipe, data, out, *words) == 0
    assert not RunFolder(out).is_done
    monkeypatch.undo()
    start.unlink()
    recipe.unlink()
    return out


def test_a_run_goes_on_by_the_recipe_that_it_keeps_and_by_nothing_that_it_began_with(begun):
    assert main(["train", "--out", str(begun), "--resume", "--set", "stages.1.batch=2"]) == 0
    assert RunFolder(begun).read_state()["step"] == 3 + 2
    kept = read_recipe(begun / "recipe.json")
    assert (kept.stages[0].batch, kept.stages[1].steps) == (1, 2)  # what it was begun with
    assert kept.stages[1].batch == 2  # and what was changed since


def test_a_run_goes_on_at_the_rates_that_it_is_resumed_with(begun):
    before = weights(begun)
    words = [word for n in (0, 1) for word in ("--set", f"stages.{n}.backbone_rate=0")]
    assert main(["train", "--out", str(begun), "--resume", *words]) == 0
    changed = {name for name, now in weights(begun).items() if not torch.equal(now, before[name])}
    assert changed and not any(name.startswith("backbone.") for name in changed)


def test_a_recipe_that_is_not_the_one_of_the_run_is_named(begun, caplog):
    assert main(["train", "student", "--out", str(begun), "--resume"]) == 0
    assert "and not by student" in caplog.text


@pytest.mark.parametrize("state", [{"a": 1}, [1], torch.zeros(3), {"network": 3}])
def test_a_state_that_another_program_wrote_is_named(begun, capsys, state):
    torch.save(state, begun / "state.pt")
    assert main(["train", "--out", str(begun), "--resume"]) == 2
    assert "state.pt is damaged" in capsys.readouterr().err


def test_a_run_is_not_resumed_with_another_network(begun, capsys):
    before = (begun / "recipe.json").read_bytes()
    change = "network.shape={value_dim=8}"
    assert main(["train", "--out", str(begun), "--resume", "--set", change]) == 2
    assert "another network" in capsys.readouterr().err
    assert (begun / "recipe.json").read_bytes() == before


def test_a_run_may_be_resumed_with_other_layers_frozen(begun, caplog):
    change = "stages.0.freeze=backbone"
    assert main(["train", "--out", str(begun), "--resume", "--set", change]) == 0
    assert "begins anew" in caplog.text


def test_a_run_cannot_be_begun_without_a_recipe(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "run")]) == 2
    assert "Which recipe" in capsys.readouterr().err


def test_a_state_that_was_cut_off_is_named(recipe, data, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(recipe, data, out) == 0
    state = out / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    assert train(recipe, data, out, "--resume") == 2
    assert "state.pt is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (NetworkRecipe(name="resnet1000"), "no network resnet1000"),
        (NetworkRecipe(shape={"depth": 3}), "network.shape"),
        (NetworkRecipe(init="nowhere"), "no checkpoint 'nowhere'"),
    ],
)
def test_a_network_that_cannot_be_made_is_named(asked, says):
    with pytest.raises(UserError, match=says):
        make_network(asked)


def test_what_fits_is_borrowed_from_another_shape_and_nothing_else(tmp_path):
    path = tmp_path / "wide.safetensors"
    wide = make_network(NetworkRecipe(init="random"))
    save_checkpoint(path, wide)
    torch.manual_seed(1)
    shape = {"value_dim": 16}
    narrow = make_network(NetworkRecipe(init="random", shape=shape, borrow=str(path)))
    assert torch.allclose(narrow.key.weight, wide.key.weight, atol=1e-3)  # halves on disk
    assert narrow.query.weight.shape[0] == 16


def test_a_checkpoint_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, make_network(NetworkRecipe(init="random", shape={"value_dim": 16})))
    with pytest.raises(UserError, match="another shape"):
        make_network(NetworkRecipe(init=str(path)))


def test_a_backbone_alone_is_taken_from_a_checkpoint_of_another_shape(tmp_path):
    path = tmp_path / "seen.safetensors"
    seen = make_network(NetworkRecipe(init="random"))
    save_checkpoint(path, seen)
    torch.manual_seed(1)
    published = make_network(NetworkRecipe("mobilevos-mobilenetv2", init=f"backbone:{path}"))
    for backbone in (published.backbone, published.value.backbone):
        for name, weight in seen.backbone.state_dict().items():
            own = backbone.state_dict()[name]
            own = own[:, :3] if name == "stem.weight" else own  # masks come after the picture
            assert torch.allclose(own, weight, atol=1e-3), name
    assert not torch.allclose(published.key.weight, seen.key.weight, atol=1e-3)

    with pytest.raises(UserError, match="another shape"):
        make_network(NetworkRecipe("mobilevos-resnet18", init=f"backbone:{path}"))


def test_data_sets_are_read_off_their_text():
    first, second = data_sets(Data(root="/d", sets=("folder:.", "davis:DAVIS*2.5")))
    assert (first.kind, str(first.path), first.weight) == ("folder", "/d", 1.0)
    assert (second.kind, str(second.path), second.weight) == ("davis", "/d/DAVIS", 2.5)
    for text in ("folder", "davis:x*heavy", "folder:.*0", "folder:.*-1", "folder:.*nan"):
        with pytest.raises(UserError, match="names no data"):
            data_sets(Data(sets=(text,)))
    with pytest.raises(UserError, match=r"data\.sets is empty"):
        data_sets(Data(sets=()))
