"""A cluster gives the bytes of a local run, whatever becomes of its machines."""

import os
import sys
from dataclasses import replace

import pytest

from tests.batch.test_batch import FRAMES, HOLD, make_clip, task_of, when, written
from vos_annotator.batch.clips import Clip
from vos_annotator.batch.run import run
from vos_annotator.batch.work import work
from vos_annotator.cli import main

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="two nodes on one machine")


@pytest.fixture(scope="module")
def cluster():
    """Return a cluster of a head that runs no tasks and two machines of one core each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join([os.getcwd(), *sys.path]))
        cluster = Cluster(True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        yield cluster
        ray.shutdown()
        cluster.shutdown()


def test_the_command_runs_on_a_cluster_and_says_where_there_is_none(cluster, tmp_path, capsys):
    make_clip(tmp_path / "clips", "a")
    words = ["batch", tmp_path / "clips", "--out", tmp_path / "out", "--engine", "hold", "--ray"]
    words = [str(word) for word in words]
    assert main([*words, cluster.address, "--gpus", "1"]) == 2
    assert "no machine with 1 CPUs and 1 GPUs" in capsys.readouterr().err
    assert main([*words, cluster.address]) == 0
    assert len(written(tmp_path / "out", "a")) == FRAMES


def test_with_one_of_two_machines_killed_every_clip_is_done_with_the_same_bytes(cluster, tmp_path):
    from vos_annotator.batch.cluster import Cluster

    pairs = [make_clip(tmp_path / "clips", f"clip{n}", range(0, 120, 15), 120) for n in range(3)]
    settings = replace(HOLD, part=30)
    pool = Cluster(cluster.address)
    doomed, events, there = min(cluster.worker_nodes, key=id), [], {}

    def changed(entry):
        events.append(entry.frames)
        if len(events) == 5:  # clips are cut, parts are done and others begun
            there.update(when(tmp_path / "out"))
            cluster.remove_node(doomed, allow_graceful=False)

    try:
        clips = [Clip(video.name, str(video), str(masks)) for video, masks in pairs]
        entries = run(clips, settings, str(tmp_path / "out"), pool, changed)
    finally:
        pool.close()

    assert [(entry.state, entry.frames) for entry in entries] == [("done", 120)] * 3
    for video, masks in pairs:
        alone = work(task_of(video, masks, tmp_path / "alone"), {})
        assert alone.frames == 120
        ours = written(tmp_path / "out", video.name, 120)
        assert ours == written(tmp_path / "alone", video.name, 120)
    assert there and there.items() <= when(tmp_path / "out").items()  # none was written again
    assert sum(entry.written for entry in entries) <= 360
