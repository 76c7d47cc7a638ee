"""Weights that a person gives an engine: what does not fit is said, and no file runs code."""

import os

import pytest
import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.stcn_engine import STCNEngine


class Trap:
    """Runs a command when it is read as a pickle."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", {"model": 3}, {"weight": 0.5}])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)

    with pytest.raises(UserError, match=r"weights\.pth is no checkpoint of STCN"):
        STCNEngine(str(path))


def test_a_checkpoint_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"no STCN checkpoint at nowhere\.pth"):
        STCNEngine("nowhere.pth")


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path):
    torch.save({"key_encoder.conv1.weight": Trap(tmp_path / "trapped")}, tmp_path / "bad.pth")

    with pytest.raises(UserError, match="no checkpoint of STCN"):
        STCNEngine(str(tmp_path / "bad.pth"))
    assert not (tmp_path / "trapped").exists()
