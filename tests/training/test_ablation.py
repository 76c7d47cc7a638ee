"""A study trains its rows alike, goes on where it stopped, and says what came out."""

import csv

import numpy as np
import pytest

from tests.training.small_data import write_small_data
from vos_annotator.cli import main
from vos_annotator.core.masks import encode_png
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.mobilevos.runtimes import choice
from vos_annotator.training import ablation
from vos_annotator.training.ablation import COLUMNS


@pytest.fixture
def study(tmp_path):
    (tmp_path / "recipe.toml").write_text(
        f'[network]\ninit = "random"\n[data]\nroot = "{write_small_data(tmp_path / "data")}"\n'
        "workers = 0\n[[stages]]\nsteps = 2\nbatch = 1\nlength = 2\nsize = 64\n"
    )
    path = tmp_path / "study.toml"
    path.write_text(
        f'recipe = "{tmp_path / "recipe.toml"}"\nsize = 64\nseeds = [0, 1]\n'
        '[[rows]]\nname = "plain"\nmemories = [1, 2]\n'
        '[[rows]]\nname = "narrow"\nset = ["network.shape={value_dim=16}"]\n'
    )
    return path


@pytest.fixture
def davis(tmp_path):
    root = tmp_path / "davis"
    for part in ("JPEGImages", "Annotations"):
        (root / part / "480p" / "watched").mkdir(parents=True)
    pictures = sorted((tmp_path / "data/videos/set/roll/images").iterdir())
    for n, picture in enumerate(pictures[:4]):
        frame = root / "JPEGImages" / "480p" / "watched" / f"{n:05d}.jpg"
        frame.write_bytes(picture.read_bytes())
        mask = np.zeros((120, 160), np.uint8)
        mask[30:90, 20 + 8 * n : 60 + 8 * n] = 1
        (root / "Annotations" / "480p" / "watched" / f"{n:05d}.png").write_bytes(encode_png(mask))
    return root


def test_each_row_is_trained_with_each_seed_once_and_stands_in_the_table(
    study, davis, tmp_path, monkeypatch, capsys
):
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    trained = []
    train = ablation.train
    monkeypatch.setattr(
        ablation, "train", lambda *a, **k: (trained.append(a[1].path.name), train(*a, **k))
    )

    assert main(words) == 0

    assert sorted(trained) == ["narrow-0", "narrow-1", "plain-0", "plain-1"]
    with (tmp_path / "out" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["row"], r["seed"], r["memory"]) for r in rows] == [
        *[("plain", "0", "1"), ("plain", "0", "2"), ("narrow", "0", "2")],
        *[("plain", "1", "1"), ("plain", "1", "2"), ("narrow", "1", "2")],
    ]
    assert int(rows[2]["parameters"]) < int(rows[0]["parameters"])
    table = (tmp_path / "out" / "table.md").read_text()
    assert "| plain | 1 |" in table and "| narrow | 2 |" in table
    assert (tmp_path / "out" / "pareto.png").stat().st_size > 1000

    assert main(words) == 0
    assert len(trained) == 4  # all were there already


def test_all_rows_are_compared_by_one_runtime_whatever_is_known_of_the_network_of_one(
    study, davis, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    choice.settle(Network(NETWORKS["mobilevos-fast"]), "bfloat16", {})  # that of the first row
    study.write_text(study.read_text().replace("[0, 1]", "[0]").replace("[1, 2]", "[2]"))
    names, evaluate = [], ablation.evaluate_engine
    monkeypatch.setattr(
        ablation,
        "evaluate_engine",
        lambda engine, root: names.append(engine.vision.runtime.name) or evaluate(engine, root),
    )
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    assert main(words) == 0
    assert names == ["torch", "torch"]


def test_a_slip_in_the_last_row_shows_before_anything_is_trained(study, davis, tmp_path, capsys):
    study.write_text(study.read_text() + '[[rows]]\nname = "x"\nset = ["stages.0.rat=1"]\n')
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    assert main(words) == 2
    assert "rat" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "junk", [b"junk\n1,2\n", b"\xff\xfe", b"", ",".join(COLUMNS).encode() + b"\na,0,2\n"]
)
def test_a_table_of_results_that_is_damaged_is_named(study, davis, tmp_path, capsys, junk):
    out = tmp_path / "out"
    out.mkdir()
    (out / "results.csv").write_bytes(junk)
    assert main(["ablate", str(study), "--out", str(out), "--davis", str(davis)]) == 2
    assert "results.csv is damaged" in capsys.readouterr().err
    assert (out / "results.csv").read_bytes() == junk


def test_clips_to_compare_on_that_are_not_there_are_missed_before_anything_is_trained(
    study, tmp_path
):
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(tmp_path)]
    assert main(words) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", ["rows=[]", "seeds=[]", "size=0", "seeds=[-1]"])
def test_a_study_of_nothing_is_named(tmp_path, capsys, change):
    path = tmp_path / "none.toml"
    rows = "" if change.startswith("rows") else '[[rows]]\nname = "a"\n'
    path.write_text(f'recipe = "student"\n{change}\n{rows}')
    assert main(["ablate", str(path), "--out", str(tmp_path / "o"), "--davis", "none"]) == 2
    assert "none.toml is no study" in capsys.readouterr().err


def test_a_study_that_was_changed_does_not_go_on_among_the_old_figures(
    study, davis, tmp_path, capsys
):
    study.write_text(study.read_text().partition("[[rows]]")[0] + '[[rows]]\nname = "plain"\n')
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    assert main(words) == 0
    table = (tmp_path / "out" / "table.md").read_bytes()
    assert main([*words, "--set", "stages.0.length=3"]) == 2
    assert "another recipe" in capsys.readouterr().err
    assert (tmp_path / "out" / "table.md").read_bytes() == table


def test_a_study_goes_on_with_other_numbers_of_processes_that_make_clips(study, davis, tmp_path):
    study.write_text(study.read_text().partition("[[rows]]")[0] + '[[rows]]\nname = "plain"\n')
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    assert main(words) == 0
    assert main([*words, "--set", "data.workers=1"]) == 0


def test_no_row_is_trained_on_the_clips_that_rows_are_compared_on(study, davis, tmp_path, capsys):
    for part in ("JPEGImages", "Annotations"):
        (davis / part / "480p" / "watched").rename(davis / part / "480p" / "roll")
    words = ["ablate", str(study), "--out", str(tmp_path / "out"), "--davis", str(davis)]
    assert main(words) == 2
    assert "set/roll of the training data" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
