"""The guide's pictures."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.screens.states import STATES

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = re.findall(r"\]\(screens/(.+?)\.webp\)", (DOCS / "guide.md").read_text("utf-8"))


def test_the_guide_has_pictures_and_they_are_all_there_are():
    assert NAMES
    assert {path.stem for path in (DOCS / "screens").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_of_the_guide_can_be_taken_again_and_shows_something(name):
    assert name in STATES
    with Image.open(DOCS / "screens" / f"{name}.webp") as picture:
        assert picture.size == (1440, 900)
        some = np.asarray(picture.convert("RGB"))[::4, ::4].reshape(-1, 3)
    assert len(np.unique(some @ [1 << 16, 1 << 8, 1])) > 300
