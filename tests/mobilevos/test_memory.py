"""What is read of the memory, how, and that it stays bounded."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.core.small_disk import full_disk
from vos_annotator.core.errors import UserError
from vos_annotator.core.memory_budget import KINDS, REFERENCES, MemoryBudget
from vos_annotator.mobilevos import bank as bank_module
from vos_annotator.mobilevos import similarity
from vos_annotator.mobilevos.bank import MemoryBank, ReferenceStore
from vos_annotator.mobilevos.memory import MemoryFrame, ValueRows, readout, readout_nearest
from vos_annotator.mobilevos.similarity import affinity, nearest


def entry(mark: float, ids: tuple[int, ...] = (1,)) -> MemoryFrame:
    return MemoryFrame(
        torch.full((1, 4, 6), mark), {i: torch.full((1, 3, 6), mark + i) for i in ids}
    )


@pytest.fixture
def in_memory(monkeypatch):
    """Let stores that are made from now on have as many bytes in memory as is said."""

    def bound(size: int) -> None:
        budget = MemoryBudget(0)
        monkeypatch.setattr(budget, "_allowed", round(size / KINDS[REFERENCES][1]) + 1)
        monkeypatch.setattr(bank_module, "BUDGET", budget)

    return bound


def test_affinity_equals_the_softmax_of_negative_distances():
    rng = np.random.default_rng(0)
    memory, query = rng.normal(size=(2, 8, 15)), rng.normal(size=(2, 8, 7))
    distance = ((query[:, :, :, None] - memory[:, :, None, :]) ** 2).sum(1)
    weights = np.exp(-distance / np.sqrt(8))
    expected = weights / weights.sum(2, keepdims=True)

    ours = affinity(torch.tensor(memory), torch.tensor(query))

    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("k", [5, 40, 60])
@pytest.mark.parametrize("size", [(2, 3), (30, 54)])  # the latter read in several turns
def test_reading_the_nearest_alone_equals_reading_by_the_whole_affinity(k, size):
    torch.manual_seed(0)
    query = torch.randn(1, 8, size[0] * size[1])
    memory, value, bias = torch.randn(1, 8, 40), torch.randn(1, 3, 40), torch.randn(1, 1, 40)

    whole = readout(affinity(memory, query, top_k=k, bias=bias), value, size)
    read = readout_nearest(*nearest(memory, query, k, bias), value, size)

    torch.testing.assert_close(read, whole)


def test_top_k_keeps_the_k_nearest_and_sums_to_one():
    torch.manual_seed(0)
    memory, query = torch.randn(1, 8, 40), torch.randn(1, 8, 9)
    full, kept = affinity(memory, query), affinity(memory, query, top_k=5)

    assert ((kept > 0).sum(2) == 5).all()
    torch.testing.assert_close(kept.sum(2), torch.ones(1, 9))
    assert (full.gather(2, kept.argmax(2)[..., None])[..., 0] == full.max(2).values).all()


def test_a_closed_position_is_never_read():
    bias = torch.zeros(1, 1, 40)
    bias[..., 7] = -1e4
    assert affinity(torch.randn(1, 8, 40), torch.randn(1, 8, 9), bias=bias)[..., 7].max() == 0


def test_keys_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="cannot be read"):
        affinity(torch.zeros(1, 8, 4), torch.zeros(1, 6, 4))
    with pytest.raises(ValueError, match="cannot be read"):
        affinity(torch.zeros(1, 8, 0), torch.zeros(1, 8, 4))


def test_a_readout_of_one_position_is_its_value():
    weights = torch.zeros(1, 6, 4)
    weights[..., 2] = 1
    value = torch.arange(12.0).reshape(1, 3, 4)
    read = readout(weights, value, (2, 3))
    assert (read == value[0, :, 2].reshape(1, 3, 1, 1)).all()


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 60))
def test_at_most_three_references_are_read_and_they_are_the_nearest(references, frame):
    bank = MemoryBank()
    for reference in references:
        bank.keep(reference, entry(reference))

    nearest = {min(references)}
    nearest |= {max([r for r in references if r <= frame], default=min(references))}
    nearest |= {min([r for r in references if r > frame], default=max(references))}
    assert set(bank.select(frame, 1)) == nearest
    assert len(nearest) <= 3


def test_an_object_reads_past_references_that_do_not_show_it():
    bank = MemoryBank()
    for reference in (0, 100, 200, 300):
        bank.keep(reference, entry(reference, (1,)))
    bank.keep(40, entry(40, (1, 2)))

    assert bank.select(250, 1) == (0, 200, 300)
    assert bank.select(250, 2) == (40,)


def test_a_reference_read_back_from_disk_equals_the_one_kept(in_memory):
    in_memory(2 * entry(0, (1, 3)).halved().nbytes)
    store = ReferenceStore()
    kept = {frame: entry(frame / 7, (1, 3)).halved() for frame in range(6)}
    for frame, kept_entry in kept.items():
        store.put(frame, kept_entry)
    store.put(1, kept[5])  # replaced while it lay on disk
    for frame in (0, 3, 5, 2, 0):
        back = store.get(frame)
        assert torch.equal(back.key, kept[frame].key)
        assert back.values.keys() == kept[frame].values.keys()
        assert all(torch.equal(back.values[i], kept[frame].values[i]) for i in back.values)
    assert torch.equal(store.get(1).key, kept[5].key)


def test_as_many_references_as_memory_has_room_for_are_read_without_the_disk(monkeypatch):
    bank = MemoryBank()
    for frame in range(40):
        bank.keep(frame, entry(frame))
    monkeypatch.setattr(bank._store, "_file", None)

    assert all(bank[frame].key[0, 0, 0] == frame for frame in range(40))


def test_the_file_grows_with_the_references_and_not_with_how_often_they_are_drawn(in_memory):
    in_memory(0)
    bank, rng = MemoryBank(), np.random.default_rng(0)
    objects = {frame: tuple(range(1, 2 + int(rng.integers(6)))) for frame in range(10)}
    for frame, ids in objects.items():
        bank.keep(frame, entry(frame, ids))
    for _ in range(500):
        frame = int(rng.integers(10))
        objects[frame] = tuple(range(1, 2 + int(rng.integers(6))))
        bank.keep(frame, entry(frame, objects[frame]))

    for frame, ids in objects.items():
        assert torch.equal(bank[frame].key, entry(frame).halved().key)
        assert bank[frame].values.keys() == set(ids)
    largest = len(bank_module.packed(entry(0, tuple(range(1, 7))).halved()))
    assert bank._store._file.seek(0, 2) <= 2 * 10 * largest


@pytest.mark.parametrize("most", [0, 700])
def test_a_full_disk_loses_no_reference_but_the_one_that_was_to_come(most, in_memory):
    in_memory(8 * entry(0, (1, 3)).halved().nbytes)
    bank, kept = MemoryBank(), {frame: entry(frame / 7, (1, 3)) for frame in range(12)}
    for frame in range(8):
        bank.keep(frame, kept[frame])
    with full_disk(most), pytest.raises(UserError, match="free some space"):
        for frame in range(8, 12):
            bank.keep(frame, kept[frame])
    frames = bank.select(11, 1)
    assert frames == (0, frames[-1])

    for frame in range(12):
        if frame > frames[-1]:
            bank.keep(frame, kept[frame])
        assert torch.equal(bank[frame].key, kept[frame].halved().key)
    assert bank.select(11, 1) == (0, 11)


def test_what_could_not_be_kept_is_not_there(in_memory):
    in_memory(entry(0).nbytes)
    store = ReferenceStore()
    store.put(0, entry(0))
    with full_disk(), pytest.raises(UserError, match="free some space"):
        store.put(1, entry(1))
    with pytest.raises(KeyError):
        store.get(1)


def test_what_is_known_of_a_reference_is_known_anew_when_it_is_drawn_anew():
    def drawn(share: float) -> MemoryFrame:
        value = torch.full((1, 3, 6), share)
        value[0, 1, :2] = -1  # two positions without the object
        return MemoryFrame(torch.zeros(1, 4, 6), {1: value})

    bank = MemoryBank()
    for share in (0.5, -0.5):
        bank.keep(3, drawn(share))
        assert bank.far_value(1, [3], 2)[0, 0].item() == share
        # Of its five best covered positions one is empty.
        assert bank.how_shown(1, 3, 2) == pytest.approx((share + 1) / 2 * 4 / 5)


def test_a_forgotten_reference_is_gone_and_forgetting_twice_is_fine():
    bank = MemoryBank()
    bank.keep(3, entry(3, (1, 2)))
    bank.keep(9, entry(9, (1,)))
    bank.forget(3)
    bank.forget(3)
    assert bank.object_ids() == (1,)
    assert bank.select(5, 1) == (9,)


@pytest.mark.parametrize(
    ("length", "kept"),
    [(1, []), (2, [12]), (5, [9, 10, 11, 12]), (0, [5, 10, 12])],
)
def test_a_pass_keeps_as_many_of_its_frames_as_the_memory_is_long(length, kept):
    bank = MemoryBank(length)
    frames = {n: MemoryFrame(torch.full((1, 1, 1), float(n)), {}) for n in range(1, 13)}
    for entry in frames.values():
        bank.follow(entry)
    assert [entry.key.item() for entry in bank.recent] == kept
    bank.begin_pass()
    assert bank.recent == ()


@pytest.mark.parametrize(
    ("length", "every", "kept"),
    [(2, 2, [11]), (3, 2, [9, 11]), (3, 5, [6, 11]), (0, 5, [5, 10, 12])],
)
def test_a_pass_remembers_one_of_so_many_frames_and_the_first(length, every, kept):
    bank, wanted = MemoryBank(length, every), []
    for n in range(1, 13):
        entry = MemoryFrame(torch.full((1, 1, 1), float(n)), {}) if bank.wants_next else None
        wanted += [n] if entry else []
        bank.follow(entry)
    assert wanted[0] == 1
    assert [entry.key.item() for entry in bank.recent] == kept


def test_landmarks_are_every_fifth_frame_near_objects_and_the_last_five_are_read():
    bank = MemoryBank()
    for n in range(1, 43):
        entry = MemoryFrame(torch.full((1, 1, 3), float(n)), {1: torch.full((1, 2, 3), float(n))})
        near = torch.tensor([True, False, True])
        bank.follow(entry, near if bank.wants_landmark else None, whole=50)
        *marks, latest = bank.recent
        assert latest is entry
        first = [m for m in range(1, n) if m % 5 == 1]
        assert [mark.key[0, 0].tolist() for mark in marks] == [[m, m] for m in first[-5:]]
        assert all(mark.values[1].shape == (1, 2, 2) for mark in marks)
    bank.begin_pass()
    assert bank.recent == ()


@pytest.mark.parametrize("count", [480, 483, 1001, 40])
def test_the_nearest_are_the_most_similar_whether_looked_for_in_groups_or_not(count):
    memory_key, query_key = torch.randn(1, 16, count), torch.randn(1, 16, 50)
    weights, positions = nearest(memory_key, query_key, 30)
    found = torch.zeros(50, count).scatter_(1, positions, weights)
    torch.testing.assert_close(found, affinity(memory_key, query_key, 30)[0])
    assert all(len(row.unique()) == min(30, count) for row in positions)


@pytest.mark.parametrize(("share", "read"), [(0.2, 5), (0.5, 3), (0.7, 2), (1.0, 1)])
def test_landmarks_have_room_for_a_frame_and_a_half_together(share, read):
    bank, whole = MemoryBank(), 100
    near = torch.arange(whole) < share * whole
    for _ in range(40):
        entry = MemoryFrame(torch.zeros(1, 1, whole), {1: torch.zeros(1, 2, whole)})
        bank.follow(entry, near if bank.wants_landmark else None, whole)
    assert len(bank.recent) == read + 1


def test_many_similarities_are_worked_out_in_parts_that_give_what_the_whole_does(monkeypatch):
    memory_key, query_key, bias = (
        torch.randn(1, 8, 90),
        torch.randn(1, 8, 50),
        -torch.rand(1, 1, 90),
    )
    whole = nearest(memory_key, query_key, 30, bias)
    monkeypatch.setattr(similarity, "_AT_ONCE", 700)
    parts = nearest(memory_key, query_key, 30, bias)
    for expected, found in zip(_sorted(*whole), _sorted(*parts), strict=True):
        torch.testing.assert_close(found, expected)


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 80)),
        elements=st.integers(-60, 60).map(lambda n: n / 4),
    ),
    st.integers(1, 40),
)
def test_the_largest_similarities_are_those_that_topk_finds_wherever_they_lie(rows, k):
    similarity_of = torch.from_numpy(rows)
    k = min(k, similarity_of.shape[1])
    values, positions = similarity._largest(similarity_of, k)
    assert torch.equal(similarity_of.gather(1, positions), values)
    assert all(len(set(row.tolist())) == k for row in positions)
    assert torch.equal(values.sort(1, descending=True).values, similarity_of.topk(k, 1).values)


@torch.inference_mode()
def test_many_similarities_are_as_exact_as_few():
    memory_key, query_key, bias = (
        torch.randn(1, 64, 1200),
        torch.randn(1, 64, 1000),
        -torch.rand(1, 1, 1200),
    )
    assert memory_key.shape[2] * query_key.shape[2] > similarity._MANY
    distances = torch.cdist(query_key.mT.double(), memory_key.mT.double())
    exact = -distances.square() / 8 + query_key.mT.double().square().sum(2, keepdim=True) / 8 + bias
    offset = similarity._offset(memory_key, bias)
    found = similarity._similarity(memory_key, query_key, offset)
    torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=1e-5)


def _sorted(weights, positions):
    order = positions.argsort(1)
    return weights.gather(1, order), positions.gather(1, order)


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=5))
def test_rows_that_stay_from_frame_to_frame_are_as_if_put_side_by_side_anew(frames):
    lengths = (3, 5, 8, 2, 7, 4)
    entries = [MemoryFrame(torch.zeros(1, 1, n), {1: torch.rand(1, 2, n).half()}) for n in lengths]
    rows = ValueRows()
    for read in frames:
        found = rows.of(1, [entries[n] for n in read])
        anew = torch.cat([entries[n].values[1][0].t().float() for n in read])
        assert torch.equal(found, anew)
