"""Tensors in a temporary file: what the disk takes comes back, what it does not is told."""

import pytest
import torch

from tests.core.small_disk import full_disk
from vos_annotator.core.errors import UserError
from vos_annotator.engines.spill import Spill


def test_a_full_disk_is_told_in_a_sentence_and_what_was_kept_before_and_after_comes_back():
    spill, one, many = Spill(), {"a": torch.ones(3)}, {"a": torch.arange(5000.0)}
    spill.put("before", one)
    with full_disk(1000), pytest.raises(UserError, match="free some space"):
        spill.put("more", many)

    with pytest.raises(KeyError):
        spill.get("more")
    spill.put("after", many)
    assert torch.equal(spill.get("before")["a"], one["a"])
    assert torch.equal(spill.get("after")["a"], many["a"])
