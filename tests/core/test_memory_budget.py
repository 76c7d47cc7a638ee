"""Caches together keep within what is allowed, and take less where memory runs short."""

import gc

import numpy as np
import pytest

from tests.core.edit_stream import make_pictures
from vos_annotator.core import memory_budget, picture_cache
from vos_annotator.core.memory_budget import (
    AHEAD,
    FRAMES,
    KINDS,
    LEAST,
    MASKS,
    MIB,
    MOST,
    MemoryBudget,
    installed_memory,
    limits,
)
from vos_annotator.core.picture_cache import PictureCache
from vos_annotator.core.project import Project
from vos_annotator.core.video import Video, open_video


@pytest.fixture
def budget(monkeypatch):
    """The budget of a machine of 16 GiB, which new caches go by."""
    budget = MemoryBudget(16 << 30)
    for module in (memory_budget, picture_cache):
        monkeypatch.setattr(module, "BUDGET", budget)
    monkeypatch.setattr("vos_annotator.core.video.BUDGET", budget)
    return budget


def fill(cache, count, size=10 * MIB):
    for frame in range(count):
        cache.put(frame, f"picture {frame}", size)


def test_a_closed_project_leaves_its_share_to_others_whoever_still_knows_it(tmp_path, budget):
    video = open_video(make_pictures(tmp_path / "clip"))
    project = Project.create(tmp_path / "a.vos", video)
    assert project.annotations[0].shape == video.shape
    assert budget.used()[MASKS] > 0

    project.close()

    assert budget.used()[MASKS] == 0
    assert budget.share(PictureCache(kind=MASKS)) == budget.cap(MASKS)


def test_an_eighth_of_what_is_installed_is_allowed_within_reason():
    assert MemoryBudget(16 << 30).allowed == 2 << 30
    assert MemoryBudget(1 << 30).allowed == LEAST
    assert MemoryBudget(1 << 40).allowed == MOST
    assert sum(share for _, share in KINDS.values()) == pytest.approx(1)


def test_a_cache_alone_has_the_share_of_its_kind_and_two_divide_it(budget):
    first = PictureCache()
    fill(first, 500)
    assert 0.9 * budget.cap(FRAMES) < first.size <= budget.cap(FRAMES)
    assert first.get(0) is None
    assert first.get(499) == "picture 499"

    second = PictureCache()
    fill(second, 500)
    first.put(500, "one more", MIB)

    assert budget.used()[FRAMES] == first.size + second.size <= budget.cap(FRAMES)
    assert first.size > 0.4 * budget.cap(FRAMES)


def test_a_modest_cache_gets_what_it_needs_and_the_others_what_is_left(budget):
    modest, other = PictureCache(50 * MIB), PictureCache()
    fill(modest, 20)
    fill(other, 500)

    assert modest.size == 50 * MIB
    assert budget.used()[FRAMES] <= budget.cap(FRAMES)


def test_a_cache_that_is_not_used_or_gone_takes_nothing_from_others(budget):
    cache = PictureCache()
    unused, closed, gone = PictureCache(), PictureCache(), PictureCache()
    fill(closed, 3)
    fill(gone, 3)
    closed.close()
    del gone
    gc.collect()

    assert budget.share(cache) == budget.cap(FRAMES)
    assert unused.size == closed.size == 0


def test_kinds_do_not_take_from_each_other(budget):
    masks, frames = PictureCache(kind=MASKS), PictureCache()
    fill(frames, 500)
    fill(masks, 500)

    assert masks.size <= budget.cap(MASKS)
    assert frames.size > 0.9 * budget.cap(FRAMES)
    assert budget.used()[AHEAD] == 0


def test_stepping_down_halves_at_once_and_ends_at_the_least(budget):
    cache = PictureCache()
    fill(cache, 500)
    before = cache.size

    assert budget.step_down()
    assert cache.size <= 0.6 * before

    while budget.step_down():
        pass
    assert budget.allowed == LEAST
    assert cache.size <= budget.cap(FRAMES)
    assert budget.steps == 3


def test_what_is_chosen_counts_from_then_on(budget):
    cache = PictureCache()
    fill(cache, 500)

    budget.allow(LEAST)
    assert cache.size <= budget.cap(FRAMES)
    budget.allow(1)
    assert budget.allowed == LEAST


class Greedy(Video):
    """A video whose frames cannot be decoded while caches take more than a gibibyte."""

    def __init__(self, budget):
        super().__init__("greedy", "greedy", 9, (4, 4), 25.0, "greedy", None)
        self._budget = budget

    def _read(self, frame):
        if self._budget.allowed > 1 << 30:
            raise MemoryError
        return np.full((4, 4, 3), frame, np.uint8)

    def time(self, frame):
        return 0.0

    nearest_keyframe = fork = time


def test_a_frame_that_does_not_fit_makes_caches_smaller_and_is_read_after_all(budget):
    video = Greedy(budget)

    assert (video[3] == 3).all()
    assert budget.allowed == 1 << 30
    assert budget.steps == 1


def test_where_nothing_can_be_given_up_it_is_said(budget, monkeypatch):
    monkeypatch.setattr(budget, "_allowed", LEAST)
    video = Greedy(MemoryBudget(1 << 40))

    with pytest.raises(MemoryError):
        video[3]


@pytest.fixture
def groups(tmp_path):
    """Write files as control groups have them; return where they and the process's own lie."""

    def write(own, files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "groups", tmp_path / "own"

    return write


def test_the_bound_of_a_container_is_found_in_either_version_of_control_groups(groups):
    stat = "anon 5\ninactive_file 30\n"
    unified = {"a/memory.max": "max\n", "a/memory.current": "90\n", "a/memory.stat": stat}
    unified |= {"memory.max": "500\n", "memory.current": "100\n", "memory.stat": stat}
    assert limits(*groups("0::/a\n", unified)) == [(500, 70)]

    old = {"memory/b/memory.limit_in_bytes": "400", "memory/b/memory.usage_in_bytes": "100"}
    old["memory/b/memory.stat"] = "cache 3\ntotal_inactive_file 20\n"
    assert limits(*groups("4:memory:/b\n1:cpu:/\n", old)) == [(400, 80)]


def test_without_control_groups_the_machine_bounds_memory(tmp_path, monkeypatch):
    assert limits(tmp_path, tmp_path / "none") == []
    monkeypatch.setattr(memory_budget, "limits", lambda: [(300 * MIB, 290 * MIB)])
    assert installed_memory() == 300 * MIB
    assert MemoryBudget(300 * MIB).is_short()
