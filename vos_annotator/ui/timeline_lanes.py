"""The picture of the timeline's lanes, made in numpy from the bytes of `LaneStates`.

For: the timeline. A lane is LANE px high. What is known of a frame is said by the form
as well as by the colour: a thin bar is sure, a thick amber to red one is doubt, hatching
is stale, crosses are absent, between two lines where a person said so, and nothing is
empty. References get diamonds on top, glitches wedges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF

from vos_annotator.core.translation import tr
from vos_annotator.ui.contrast import legible
from vos_annotator.ui.theme import DOUBT_AMBER, DOUBT_RED
from vos_annotator.ui.timeline_states import (
    ABSENT,
    DOUBT,
    DOUBT_LEVELS,
    REFERENCE,
    REFERENCE_ABSENT,
    SAID_ABSENT,
    STALE,
    SURE,
)

LANE = 14  # px
_PERIOD = 12  # px after which the hatching and the crosses repeat
_CORNER = 4.5  # px from the middle of a diamond
_DIAMOND_GAP = 7  # px; closer ones would be a smear
_WEDGE = 4.0  # px from the middle of a wedge


@cache
def _patterns(scale: int) -> NDArray[np.bool_]:
    """Return which pixels each byte lights: (bytes, LANE * scale, _PERIOD * scale)."""
    rows = (np.arange(LANE * scale) + 0.5)[:, None] / scale
    columns = (np.arange(_PERIOD * scale) + 0.5)[None, :] / scale
    from_middle = np.abs(rows - LANE / 2)
    everywhere = np.ones_like(columns, bool)
    lit = np.zeros((REFERENCE + 1, LANE * scale, _PERIOD * scale), bool)
    across = columns - _PERIOD / 2
    cross = np.abs(np.abs(rows - LANE / 2) - np.abs(across)) < 0.8
    lit[ABSENT] = cross & (from_middle < 2.5) & (np.abs(across) < 2.5)
    lit[SURE] = (from_middle < 2) & everywhere
    lit[REFERENCE] = lit[SURE]
    lit[SAID_ABSENT] = lit[ABSENT] | ((from_middle > 4) & (from_middle < 5) & everywhere)
    lit[REFERENCE_ABSENT] = (from_middle < 0.6) & everywhere
    for level in range(DOUBT_LEVELS):
        lit[DOUBT + level] = (from_middle < 3 + level * 2 / DOUBT_LEVELS) & everywhere
    lit[STALE] = ((rows + columns) % 6 < 2.6) & (from_middle < 4.5)
    return lit


@lru_cache
def _lane_colors(color: int, quiet: int, ground: int) -> NDArray[np.uint32]:
    """Return the 0xAARRGGBB of each byte in the lane of an object of `color`."""
    colors = np.full(REFERENCE + 1, color, np.uint32)
    colors[[ABSENT, REFERENCE_ABSENT]] = quiet
    for level in range(DOUBT_LEVELS):
        share = level / (DOUBT_LEVELS - 1)
        mixed = [
            round(a + (b - a) * share)
            for a, b in zip(DOUBT_AMBER.getRgb()[:3], DOUBT_RED.getRgb()[:3], strict=True)
        ]
        colors[DOUBT + level] = legible(QColor(*mixed), QColor.fromRgba(ground)).rgba()
    return colors


def lanes_image(
    codes: NDArray[np.uint8],
    colors: Sequence[QColor],
    ground: QColor,
    quiet: QColor,
    pixel_ratio: float = 1.0,
    offset: int = 0,
) -> QImage:
    """Return the lanes as one opaque picture, without references' diamonds.

    Args:
        codes: (L, W) the byte under each device pixel.
        colors: The colour of each of the L objects.
        ground: The colour behind.
        quiet: The colour of what is absent.
        pixel_ratio: Device pixels a pixel.
        offset: How many device pixels the lanes are scrolled, for patterns that move along.
    """
    lanes, width = codes.shape
    scale = max(round(pixel_ratio), 1)
    lit = _patterns(scale)
    phase = (np.arange(width) + offset) % (_PERIOD * scale)
    pixels = np.full((lanes, LANE * scale, width), ground.rgba(), np.uint32)
    for lane in range(lanes):
        shown = codes[lane]
        if not shown.any():
            continue
        mask = lit[shown, :, phase].T  # (LANE * scale, W)
        inks = _lane_colors(legible(colors[lane], ground).rgba(), quiet.rgba(), ground.rgba())
        np.copyto(pixels[lane], inks[shown], where=mask)
    pixels = pixels.reshape(lanes * LANE * scale, width)
    image = QImage(
        pixels.data, width, pixels.shape[0], width * 4, QImage.Format.Format_RGB32
    ).copy()
    image.setDevicePixelRatio(scale)
    return image


def paint_references(
    painter: QPainter,
    codes: NDArray[np.uint8],
    xs: NDArray[np.float64],
    color: QColor,
    outline: QColor,
    ground: QColor,
) -> None:
    """Draw a diamond at each reference: filled where the object is, hollow where it is not.

    Args:
        painter: Its origin is the middle of the lane's left edge.
        codes: (W,) the byte of each column of one lane.
        xs: (W,) where the middle of each column's first frame lies, in px.
        color: The object's colour.
        outline: The colour around a diamond.
        ground: The colour inside a hollow one.
    """
    ratio = painter.device().devicePixelRatioF()
    inside = {
        code: _diamond(fill.rgba(), outline.rgba(), ratio)
        for code, fill in ((REFERENCE, color), (REFERENCE_ABSENT, ground))
    }
    last = -np.inf
    marked = np.flatnonzero(codes >= REFERENCE_ABSENT)
    for x, code in zip(xs[marked].tolist(), codes[marked].tolist(), strict=True):
        if x - last >= _DIAMOND_GAP:
            painter.drawPixmap(QPointF(x - _CORNER - 1, -_CORNER - 1), inside[code])
            last = x


@lru_cache(maxsize=128)
def _diamond(fill: int, outline: int, ratio: float) -> QPixmap:
    """Return a diamond, drawn once, because there may be thousands of them."""
    middle = _CORNER + 1
    pixmap = QPixmap(QSize(1, 1) * math.ceil(2 * middle * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor.fromRgba(outline), 1.2))
    painter.setBrush(QColor.fromRgba(fill))
    corners = [(0, -_CORNER), (_CORNER, 0), (0, _CORNER), (-_CORNER, 0)]
    painter.drawPolygon(QPolygonF([QPointF(middle + x, middle + y) for x, y in corners]))
    painter.end()
    return pixmap


def paint_edge(painter: QPainter, x: float, forward: bool, height: float, color: QColor) -> None:
    """Draw the moving edge of a running pass: a bright line with a tail behind it."""
    tail = 18.0
    for step in range(6):
        faded = QColor(color)
        faded.setAlpha(110 - step * 18)
        width = tail / 6
        left = x - (step + 1) * width if forward else x + step * width
        painter.fillRect(QRectF(left, 0, width, height), faded)
    painter.fillRect(QRectF(x - 1, 0, 2, height), color)


def paint_glitches(
    painter: QPainter, spans: Iterable[tuple[float, float]], color: QColor, ground: QColor
) -> None:
    """Draw a wedge over a bar at each glitch.

    Args:
        painter: Its origin is the middle of the lane's left edge.
        spans: Where each begins and ends, in px.
        color: Of the marks.
        ground: The colour around them.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for left, right in spans:
        middle, top = (left + right) / 2, -LANE / 2
        bar = QRectF(left, top, max(right - left, 2.0), LANE)
        painter.fillRect(bar.adjusted(-1, 0, 1, 0), ground)
        painter.fillRect(bar, color)
        painter.setPen(QPen(ground, 1))
        painter.setBrush(color)
        corners = [(-_WEDGE, top), (_WEDGE, top), (0, top + 2 * _WEDGE)]
        painter.drawPolygon(QPolygonF([QPointF(middle + x, y) for x, y in corners]))


def legend() -> str:
    """Return what the forms mean, for tooltips and the cheat sheet."""
    return tr(
        "diamond: reference, thin bar: sure, amber to red: doubtful, "
        "hatched: stale, crosses: absent, between lines: as you said, wedge: glitch, "
        "nothing: not computed yet"
    )
