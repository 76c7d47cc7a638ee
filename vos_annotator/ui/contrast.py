"""How well colours can be told apart, and colours that can.

For: the timeline, which draws thin forms in the objects' colours, and some of those are pale on
the light theme's ground, others dim on the dark one's. Knows Qt's colours alone.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QColor

FORM = 3.0  # contrast that a form needs to be seen, as of WCAG 2.2, 1.4.11
_MIDDLE = 0.18  # the luminance from which black stands out more than white
_STEPS = 32


def luminance(color: QColor) -> float:
    """Return how bright a colour is, from 0 to 1."""
    parts = color.redF(), color.greenF(), color.blueF()
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: QColor, second: QColor) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def legible(color: QColor, ground: QColor) -> QColor:
    """Return a colour in which a form is seen on a ground: as it is, or else darker or lighter."""
    return QColor.fromRgb(_legible(color.rgb(), ground.rgb()))


@lru_cache(maxsize=1024)
def _legible(color: int, ground: int) -> int:
    first, behind = QColor.fromRgb(color), QColor.fromRgb(ground)
    end = 0 if luminance(behind) > _MIDDLE else 255
    for step in range(_STEPS + 1):
        parts = (round(p + (end - p) * step / _STEPS) for p in first.getRgb()[:3])
        mixed = QColor(*parts)
        if contrast(mixed, behind) >= FORM:
            break
    return mixed.rgb()
