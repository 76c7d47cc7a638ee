"""A cluster gives the bytes of a local run, whatever becomes of its machines.

Whoever joins a cluster does so in a process of its own, as the command does: Ray gives the
process another stack for signal handlers, and leaves it there.
"""

import contextlib
import io
import multiprocessing
import os
import socket
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.batch.test_batch import FRAMES, HOLD, make_clip, task_of, when, written
from vos_annotator.batch.clips import Clip
from vos_annotator.batch.run import run
from vos_annotator.batch.work import work
from vos_annotator.cli import main

pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="two nodes on one machine")


_begun: list = []  # in the process that has joined: the cluster


def begin() -> None:
    """Make a cluster of a head that runs no tasks and two machines of one core each."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join([os.getcwd(), *sys.path])
    _begun.append(Cluster(True, head_node_args={"num_cpus": 0, "include_dashboard": False}))
    for _ in range(2):
        _begun[0].add_node(num_cpus=1)


def end() -> None:
    import ray

    ray.shutdown()
    _begun.pop().shutdown()


@pytest.fixture(scope="module")
def apart():
    """Return what calls a function with a folder where there is a cluster; its asserts hold."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned, initializer=begin) as pool:
        yield lambda do, folder: pool.submit(do, folder).result()
        pool.submit(end).result()


def test_the_command_runs_on_a_cluster_and_says_where_there_is_none(apart, tmp_path):
    apart(run_the_command, tmp_path)


def run_the_command(folder: Path) -> None:
    make_clip(folder / "clips", "a")
    words = ["batch", folder / "clips", "--out", folder / "out", "--engine", "hold", "--ray"]
    words = [str(word) for word in words]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert main([*words, _begun[0].address, "--gpus", "1"]) == 2
    assert "no machine with 1 CPUs and 1 GPUs" in said.getvalue()
    assert main([*words, _begun[0].address]) == 0
    assert len(written(folder / "out", "a")) == FRAMES


def test_an_address_where_nothing_listens_is_told_in_a_sentence(tmp_path, capsys):
    make_clip(tmp_path / "clips", "a")
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    words = [tmp_path / "clips", "--out", tmp_path / "out", "--ray", f"{host}:{port}"]

    assert main(["batch", *map(str, words)]) == 2
    assert f"There is no Ray cluster at {host}:{port}" in capsys.readouterr().err


def test_with_one_of_two_machines_killed_every_clip_is_done_with_the_same_bytes(apart, tmp_path):
    apart(kill_a_machine, tmp_path)


def kill_a_machine(folder: Path) -> None:
    from vos_annotator.batch.cluster import Cluster

    pairs = [make_clip(folder / "clips", f"clip{n}", range(0, 120, 15), 120) for n in range(3)]
    settings = replace(HOLD, part=30)
    cluster, pool = _begun[0], Cluster(_begun[0].address)
    doomed, events, there = min(cluster.worker_nodes, key=id), [], {}

    def changed(entry):
        events.append(entry.frames)
        if len(events) == 5:  # clips are cut, parts are done and others begun
            there.update(when(folder / "out"))
            cluster.remove_node(doomed, allow_graceful=False)

    try:
        clips = [Clip(video.name, str(video), str(masks)) for video, masks in pairs]
        entries = run(clips, settings, str(folder / "out"), pool, changed)
    finally:
        pool.close()

    assert [(entry.state, entry.frames) for entry in entries] == [("done", 120)] * 3
    for video, masks in pairs:
        alone = work(task_of(video, masks, folder / "alone"), {})
        assert alone.frames == 120
        ours = written(folder / "out", video.name, 120)
        assert ours == written(folder / "alone", video.name, 120)
    assert there and there.items() <= when(folder / "out").items()  # none was written again
    assert sum(entry.written for entry in entries) <= 360
