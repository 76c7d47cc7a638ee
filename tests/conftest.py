"""What holds for all tests.

No screen is needed, nothing is written to the person's home, and no clock fails a test.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each core has a process of its own
os.environ["VOS_ANNOTATOR_RUNTIME"] = "torch"  # nothing is probed beside a test
os.environ.update(LC_ALL="C.UTF-8", LANGUAGE="en")  # what is tested is what the source says


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file in one process, which makes what they share once; in order."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False  # files of few and long tests would come last
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """Let what programs keep for a person lie in a folder that goes."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "DATA", "CACHE", "STATE"):
            patch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
        yield folder
