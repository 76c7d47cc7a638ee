"""Batches: the same ones whoever makes them, whatever lies broken in the data."""

from itertools import islice

import pytest
import torch

from tests.training.small_data import small_sources, write_small_data
from vos_annotator.core.errors import UserError
from vos_annotator.training.batches import ClipLoader, Gaps
from vos_annotator.training.clips import ClipMix

MIX = ClipMix(length=3, size=64)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return small_sources(write_small_data(tmp_path_factory.mktemp("data")))


def batches(sources, count: int, **options):
    options = {"mix": MIX, "batch": 3, "seed": 5, "workers": 0} | options
    return list(islice(ClipLoader(sources, **options), count))


def same(one, other) -> bool:
    return all(
        torch.equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


def test_a_batch_is_the_same_however_many_workers_make_it_and_wherever_one_starts(sources):
    alone = batches(sources, 5)
    assert all(map(same, alone, batches(sources, 5, workers=2)))
    assert all(map(same, alone[3:], batches(sources, 2, workers=1, start=3)))
    assert not same(alone[0], alone[1])


def test_another_seed_and_another_rank_give_other_batches(sources):
    first = batches(sources, 1)[0]
    for options in ({"seed": 6}, {"rank": 1}):
        assert not same(first, batches(sources, 1, **options)[0])


def test_a_batch_has_the_shapes_that_the_network_is_trained_on(sources):
    for batch in batches(sources, 4):
        pairs = len(batch.owner)
        assert batch.images.shape == (3, 3, 3, 64, 64)
        assert 0 <= batch.images.min() < batch.images.max() <= 1
        assert batch.masks.shape == (3, pairs, 64, 64)
        assert batch.strokes.shape == (2, pairs, 64, 64)
        assert batch.keyed.shape == (pairs,)
        assert batch.owner.unique().tolist() == [0, 1, 2]
        assert batch.masks[0].flatten(1).any(1).all()


def test_a_file_that_cannot_be_read_costs_its_clips_and_not_the_run(tmp_path, caplog):
    sources = small_sources(write_small_data(tmp_path))
    for still in (sources.stills[0], sources.cutouts[1]):
        still.picture.write_bytes(b"no picture")
    sources.videos[0].frames[3][1].write_bytes(b"no mask")
    assert len(batches(sources, 6)) == 6
    assert sources.stills[0].picture.name in caplog.text


def test_data_that_shows_nothing_is_an_error_not_a_wait(tmp_path):
    sources = small_sources(write_small_data(tmp_path))
    for still in sources.stills:
        still.mask.write_bytes(b"no mask")
    mix = ClipMix(length=2, size=64, video_share=0)
    with pytest.raises(UserError):
        batches(sources, 1, mix=mix)


def test_gaps_grow_to_the_middle_of_a_stage_and_shrink_again():
    gaps = Gaps((5, 25, 5), batches=100)
    assert [gaps.at(n) for n in (0, 25, 50, 75, 100, 500)] == [5, 15, 25, 15, 5, 5]


def test_gaps_of_a_stage_in_minutes_follow_what_they_are_told():
    gaps = Gaps((5, 25, 5), batches=None)
    assert gaps.at(1000) == 5
    gaps.progress.fill_(0.5)
    assert gaps.at(0) == 25
