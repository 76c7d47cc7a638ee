"""Where objects may be, found without reading for the whole frame."""

import pytest
import torch

from vos_annotator.mobilevos.memory import MemoryFrame, read_frames
from vos_annotator.mobilevos.places import find_places, landmark

GRID = 20, 36  # positions
OWN = 0  # the channel of values that is the object's mask


def frame(seed: int, *shown: tuple[int, int, int, int]) -> MemoryFrame:
    """Return a frame whose positions all differ, with objects in (top, left, height, width)."""
    key = 4 * torch.randn(1, 16, GRID[0] * GRID[1], generator=torch.Generator().manual_seed(seed))
    values = {}
    for object_id, (top, left, height, width) in enumerate(shown, 1):
        mask = -torch.ones(1, 1, *GRID)
        mask[:, :, top : top + height, left : left + width] = 1
        values[object_id] = mask.flatten(2)
    return MemoryFrame(key, values)


def moved(entry: MemoryFrame, rows: int, columns: int) -> torch.Tensor:
    """Return the key of a frame in which all has moved."""
    return entry.key.reshape(1, -1, *GRID).roll((rows, columns), (2, 3))


def reading(entry: MemoryFrame, query: torch.Tensor, recent=()):
    entries = [entry, *recent]
    return read_frames(query, entries, [0.0] * len(entries), 4)


@pytest.mark.parametrize("step", [(0, 0), (1, 3), (3, 8)])
def test_an_object_is_found_where_it_went_and_read_there_as_if_all_was_looked_up(step):
    entry = frame(0, (2, 3, 3, 4))
    query = moved(entry, *step)
    everywhere, some = reading(entry, query), reading(entry, query)
    everywhere.look_up()

    ((box,),) = find_places([some], (1,), None, OWN)

    rows, columns = box
    assert rows.start <= 2 + step[0] and 5 + step[0] <= rows.stop
    assert columns.start <= 3 + step[1] and 7 + step[1] <= columns.stop
    assert torch.equal(some.read(1, box), everywhere.read(1, box))
    assert not some.known.all()  # it saved something


@pytest.mark.parametrize("was_there", [False, True])
def test_a_thing_between_the_positions_that_are_looked_at_first_is_found(was_there):
    entry = frame(0, (3, 5, 1, 1))  # an odd row and an odd column
    read = reading(entry, moved(entry, 0, 0))
    last = (entry.values[1].reshape(1, *GRID) + 1) / 2
    (((rows, columns),),) = find_places([read], (1,), last if was_there else None, OWN)
    assert rows.start <= 3 < rows.stop and columns.start <= 5 < columns.stop
    assert read.known.all() != was_there  # only what is found nowhere is looked for everywhere


def test_objects_that_read_the_same_share_what_is_looked_up():
    entry = frame(0, (0, 0, 2, 2), (18, 30, 2, 2))
    shared = reading(entry, moved(entry, 0, 0))
    (first,), (second,) = find_places([shared, shared], (1, 2), None, OWN)
    assert first[0].start == 0 and second[0].stop == GRID[0]
    assert shared.known[first].all() and shared.known[second].all()


def test_an_object_that_is_not_there_is_nowhere():
    entry, other = frame(0, (2, 3, 3, 4)), frame(1)
    without = MemoryFrame(other.key, {1: -torch.ones(1, 1, GRID[0] * GRID[1])})
    read = read_frames(moved(other, 0, 0), [entry, without], [0.0, 0.0], 4)
    assert find_places([read], (1,), None, OWN) == [()]


def test_a_landmark_is_an_object_what_lies_right_beside_it_and_half_of_what_is_around():
    kept = landmark(frame(0, (2, 3, 3, 4), (10, 30, 1, 1)), GRID, OWN).reshape(GRID)
    beside = torch.zeros(GRID, dtype=torch.bool)
    beside[1:6, 2:8] = True
    beside[9:12, 29:32] = True
    around = torch.zeros(GRID, dtype=torch.bool)
    around[0:10, 0:12] = True
    around[5:16, 25:36] = True
    assert kept[beside].all() and not kept[~around].any()
    rows, columns = (around & ~beside).nonzero(as_tuple=True)
    assert torch.equal(kept[rows, columns], (rows + columns) % 2 == 0)
