"""What each object reads of the memory, and how much of what counts."""

import torch

from vos_annotator.mobilevos.bank import MemoryBank
from vos_annotator.mobilevos.memory import MemoryFrame
from vos_annotator.mobilevos.readings import readings_of

GRID, CARRIED = (8, 8), 1
KEY = 4 * torch.randn(1, 4, *GRID, generator=torch.Generator().manual_seed(0))


def shown(**share: float) -> MemoryFrame:
    """Return a frame that looks like every other, on which an object covers positions so far."""
    values = {}
    for name, covered in share.items():
        mask = -torch.ones(1, 1, GRID[0] * GRID[1])
        mask[..., 20:30] = 2 * covered - 1
        values[int(name[1:])] = mask
    return MemoryFrame(KEY.flatten(2), values)


def bank_of(*frames: MemoryFrame) -> MemoryBank:
    bank = MemoryBank()
    for number, frame in enumerate(frames):
        bank.keep(number, frame)
    return bank


def read(bank: MemoryBank, ids: tuple[int, ...], recent=(), references=(0, 1), frame=40):
    readings = readings_of(bank, frame, KEY, ids, [references] * len(ids), recent, CARRIED)
    for reading in readings:
        reading.look_up()
    return readings


def test_a_reference_on_which_an_object_is_all_but_hidden_says_less_of_it():
    clear, hidden = shown(i1=1.0), shown(i1=0.25)
    (reading,) = read(bank_of(clear, hidden), (1,))
    alone = [read(bank_of(each, each), (1,))[0].shares((1,), 0).mean() for each in (clear, hidden)]
    said = reading.shares((1,), 0).mean()
    assert abs(said - alone[0]) < abs(said - alone[1]) / 4


def test_references_that_show_an_object_alike_count_alike_however_little_that_is():
    clear, faint = shown(i1=1.0), shown(i1=0.3)
    (of_clear,) = read(bank_of(clear, clear), (1,))
    (of_faint,) = read(bank_of(faint, faint), (1,))
    covered = (of_clear.shares((1,), 0) + 1) / 2
    of_faint = (of_faint.shares((1,), 0) + 1) / 2
    torch.testing.assert_close(of_faint, 0.3 * covered, rtol=0, atol=1e-3)  # halves


def test_what_a_person_drew_counts_more_than_what_the_network_did():
    (reading,) = read(bank_of(shown(i1=1.0)), (1,), recent=[shown(i1=0.0)], references=(0,))
    assert (reading.shares((1,), 0).flatten()[20:30] > 0).all()


def test_objects_share_a_reading_unless_a_reference_hides_one_of_them():
    one, two = read(bank_of(shown(i1=1.0, i2=1.0), shown(i1=0.98, i2=1.0)), (1, 2))
    assert one is two
    one, two = read(bank_of(shown(i1=1.0, i2=1.0), shown(i1=0.3, i2=1.0)), (1, 2))
    assert one is not two


def test_right_beside_a_reference_on_which_an_object_is_hidden_it_is_taken_at_its_word():
    bank = bank_of(shown(i1=1.0), shown(i1=0.25))
    near, far = (read(bank, (1,), frame=frame)[0].shares((1,), 0).mean() for frame in (1, 40))
    (single,) = read(bank_of(shown(i1=0.625), shown(i1=0.625)), (1,))  # halfway between both
    torch.testing.assert_close(near, single.shares((1,), 0).mean(), rtol=0, atol=1e-3)
    assert far > near


def test_a_reference_that_is_drawn_again_counts_as_it_is_now():
    bank = bank_of(shown(i1=1.0), shown(i1=0.25))
    read(bank, (1,))
    bank.keep(1, shown(i1=1.0))
    (now,), (fresh,) = read(bank, (1,)), read(bank_of(shown(i1=1.0), shown(i1=1.0)), (1,))
    assert torch.equal(now.shares((1,), 0), fresh.shares((1,), 0))
    bank.keep(1, shown(i1=0.25))
    (hidden,) = read(bank, (1,))
    (expected,) = read(bank_of(shown(i1=1.0), shown(i1=0.25)), (1,))
    assert torch.equal(hidden.shares((1,), 0), expected.shares((1,), 0))
