"""A part of log-odds is enlarged as the whole is."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vos_annotator.engine.enlarging import box_of_positive, enlarged

SIZES = st.one_of(
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([(12, 21, 48, 85), (12, 20, 216, 384), (21, 12, 85, 48), (9, 16, 9, 16)]),
)


@given(SIZES, st.data())
def test_what_is_in_a_box_is_what_the_whole_has_there(sizes, data):
    shape = sizes[2:]
    logits = np.random.default_rng(0).normal(size=sizes[:2]).astype(np.float32)
    whole = cv2.resize(logits, shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(shape)
    box = tuple(
        slice(start, data.draw(st.integers(start + 1, side)))
        for side, start in ((side, data.draw(st.integers(0, side - 1))) for side in shape)
    )
    np.testing.assert_allclose(enlarged(logits, box, shape), whole[box], atol=2e-5)


@given(SIZES, st.integers(0, 2**32 - 1))
def test_nothing_positive_is_outside_of_the_box_that_may_be_positive(sizes, seed):
    shape = sizes[2:]
    logits = np.random.default_rng(seed).normal(-1.5, 1, sizes[:2]).astype(np.float32)
    whole = cv2.resize(logits, shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(shape)
    box = box_of_positive(logits, shape)
    if box is not None:
        whole[box] = -1
    assert whole.max() <= 0


@pytest.mark.parametrize("shape", [(2160, 3840), (1080, 1920), (480, 854)])
def test_of_a_frame_only_what_is_near_is_enlarged(shape, monkeypatch):
    logits = np.full((120, 212), -9, np.float32)
    logits[60:64, 20:24] = 9
    sizes = []
    resize = cv2.resize
    monkeypatch.setattr(
        cv2, "resize", lambda part, size, **how: sizes.append(size) or resize(part, size, **how)
    )
    enlarged(logits, box_of_positive(logits, shape), shape)
    assert sizes[0][0] * sizes[0][1] < shape[0] * shape[1] / 8
