"""A disk that takes no more, for the tests of all that writes."""

from contextlib import contextmanager

import pytest


@contextmanager
def full_disk(most: int = 0):
    """Let no file take more than so many bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
