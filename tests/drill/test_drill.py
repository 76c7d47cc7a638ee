"""Sessions that are killed at any moment lose nothing, and the drill that says so notices loss."""

import pytest

from tests.core.edit_stream import make_pictures, step
from tests.drill import sessions
from tests.drill.drill import drill
from tests.drill.witness import witness
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video


@pytest.mark.parametrize(
    ("session", "kills", "seconds"),
    [(sessions.without_window, 6, 0.5), (sessions.with_window, 2, 2.0)],
)
def test_a_program_that_is_killed_at_any_moment_loses_nothing(session, kills, seconds):
    tally = drill(session, kills, seconds=seconds)

    assert tally.problems == [] and tally.lost == 0
    assert tally.kills == kills


def opened(folder):
    return Project.for_video(open_video(make_pictures(folder / sessions.CLIP)))


def that_forgets(tell, folder, seed):
    """Tell of transactions that were never written."""
    project = opened(folder)
    project._file.write = lambda *_: None
    witness(project, tell)
    for number in range(seed, seed + 10_000):
        step(project, number)


def that_has_no_transactions(tell, folder, seed):
    """Write frames alone, without what belongs to them."""
    project = opened(folder)
    project._file.write = lambda frames, *_: [project._file._write_frame(*each) for each in frames]
    witness(project, tell)
    for number in range(seed, seed + 10_000):
        step(project, number)


def that_fails(tell, folder, seed):
    """End by an error of its own."""
    opened(folder)
    raise OSError("the session is over")


@pytest.mark.parametrize(
    ("session", "problem"),
    [
        (that_forgets, "transaction is missing"),
        (that_has_no_transactions, "transaction is missing"),
        (that_fails, "the session is over"),
    ],
)
def test_the_drill_notices_a_program_that_loses_something(session, problem):
    tally = drill(session, 2, seconds=0.2, least=2)

    assert any(problem in each for each in tally.problems)
