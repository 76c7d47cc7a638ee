"""The folder of a run: what a power cut leaves of its log can be gone on with."""

import os
import platform

import pytest

from vos_annotator.core.errors import UserError
from vos_annotator.training.recipe import Recipe, Stage
from vos_annotator.training.run_folder import RunFolder

SCORES = "step,minutes,JF_mean\r\n50,1.0,0.7\r\n"


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


@pytest.mark.parametrize("torn", ["1", "100", "100,2.0", "100,2.0,0.9", "100,2.0,0.9\r", "\r\n1"])
def test_a_line_that_was_cut_off_is_no_line(folder, torn):
    path = folder.path / "evaluations.csv"
    path.write_bytes((SCORES + torn).encode())
    folder.draw_curves()
    assert folder.log_score({"step": 150, "minutes": 3.0, "JF_mean": 0.8})
    assert path.read_bytes().decode() == SCORES + "150,3.0,0.8\r\n"

    path.write_bytes((SCORES + torn).encode())
    folder.forget_after(200)
    assert path.read_bytes().decode() == SCORES


def test_a_line_that_another_was_written_behind_is_no_line(folder):
    path = folder.path / "evaluations.csv"
    path.write_bytes((SCORES + "100,2.0" + "150,3.0,0.9\r\n").encode())
    assert folder.log_score({"step": 160, "minutes": 4.0, "JF_mean": 0.8})
    folder.forget_after(155)
    assert path.read_bytes().decode() == SCORES


def test_a_log_whose_head_was_cut_off_begins_anew(folder):
    (folder.path / "log.csv").write_bytes(b"step,minu")
    folder.log({"step": 50, "loss": 1.0})
    assert (folder.path / "log.csv").read_bytes() == b"step,loss\r\n50,1.0\r\n"


def test_a_score_is_the_best_only_if_it_is_higher_than_all_before(folder):
    scores = [0.5, 0.7, 0.7, 0.6, 0.71]
    best = [folder.log_score({"step": n, "minutes": n, "JF_mean": s}) for n, s in enumerate(scores)]
    assert best == [True, True, False, False, True]


def test_a_run_that_came_to_its_end_has_more_to_do_once_it_is_asked_for_more(folder):
    folder.write_recipe(Recipe((Stage(steps=1),)))
    folder.mark_done()
    folder.write_recipe(Recipe((Stage(steps=2),)))
    assert not folder.is_done


def test_what_lies_past_a_step_is_forgotten_in_a_long_log_too(folder):
    for name in ("log.csv", "evaluations.csv"):
        lines = [f"{step},{step / 9:.2f},0.5" for step in range(20_000)]
        (folder.path / name).write_text("\n".join(["step,minutes,JF_mean", *lines, ""]))
    folder.forget_after(15_000)
    assert len((folder.path / "log.csv").read_text().splitlines()) == 1 + 15_001
    folder.log({"step": 15_050, "minutes": 1.0, "JF_mean": 0.5, "loss_more": 0.1})
    last = (folder.path / "log.csv").read_text().splitlines()[-1]
    assert last == "15050,1.0,0.5,0.1"


@pytest.mark.parametrize("junk", ["garbage\nfoo\n", "step,minutes\nfoo,bar\n", "step,a\n1,x\n"])
def test_a_log_of_something_else_does_not_stop_a_run(folder, junk):
    (folder.path / "log.csv").write_text(junk)
    folder.forget_after(5)
    folder.draw_curves()
    folder.log({"step": 50, "stage": "main", "loss_all": 1.0})
    folder.draw_curves()


def test_two_do_not_train_in_one_folder_at_once(folder):
    with folder.held():
        note = folder.path / "running"
        others = note.read_text().rpartition(" ")[0] + f" {os.getppid()}"
        note.write_text(others)
        with pytest.raises(UserError, match="Another process trains in"), folder.held():
            pass
        assert note.read_text() == others
    assert not note.exists()


def test_a_process_that_was_killed_keeps_nobody_from_going_on(folder):
    (folder.path / "running").write_text(f"{platform.node()} {1 << 30}")
    with folder.held():
        assert str(os.getpid()) in (folder.path / "running").read_text()
