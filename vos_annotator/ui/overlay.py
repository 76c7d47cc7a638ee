"""The masks over the picture: fills, and contours of the same width at every zoom.

For: the canvas. Labels are sampled at the screen's own pixels and coloured there, for the
part that has to be redrawn and no more: a brush stroke costs what its box costs, however
large the frame. Knows label maps and colours; nothing of documents.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from vos_annotator.core.masks import Box, LabelMap

_LINE = 1  # px of the contour within the mask; half as strong it goes one further outside
_MARGIN = 3  # px of the screen that a change of a pixel reaches
_HATCH = 5  # px
TEXTURES = 8  # kinds of hatching, each a bit of a number; the first is that of locked objects
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

Colors = NDArray[np.uint32]  # (256,) premultiplied ARGB by object id


class MaskItem(QGraphicsItem):
    """Draws a label map in colours by id, in the coordinates of its pixels."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._labels: LabelMap = np.zeros(shape, np.uint8)
        self._fill = self._line = self._outside = np.zeros(256, np.uint32)
        self._textures = np.zeros(256, np.uint8)
        self._scale = 1.0

    @property
    def labels(self) -> LabelMap:
        """The label map that is shown; who writes into it calls `touch`."""
        return self._labels

    def show_labels(self, labels: LabelMap) -> None:
        """Show a label map."""
        self._labels = labels
        self.touch()

    def touch(self, box: Box | None = None) -> None:
        """Redraw a box of the label map, or all."""
        if box is None:
            self.update()
            return
        rows, columns = box
        pad = _MARGIN / self._scale
        rect = QRectF(
            columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
        )
        self.update(rect.adjusted(-pad, -pad, pad, pad))

    def set_colors(self, fill: Colors, line: Colors, textures: NDArray[np.uint8]) -> None:
        """Set the colours of fills and contours and the kinds of hatching, all (256,).

        Where the background, id 0, has a colour, it covers the frame.
        """
        self._fill, self._line, self._textures = fill, line, textures
        self._outside = _half(line) + _half(fill[:1])
        self.update()

    def boundingRect(self) -> QRectF:
        """The frame."""
        rows, columns = self._labels.shape
        return QRectF(0, 0, columns, rows)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw the part that is exposed, pixel by pixel of the screen."""
        ratio = painter.device().devicePixelRatioF()
        to_view = painter.worldTransform()
        self._scale = to_view.m11()
        screen = QRectF(painter.viewport())
        exposed = to_view.mapRect(option.exposedRect).intersected(screen)
        covers = self._fill[0] != 0
        if covers:
            exposed &= to_view.mapRect(self.boundingRect())
        target = QRectF(
            exposed.topLeft() * ratio, exposed.bottomRight() * ratio
        ).toAlignedRect()  # in pixels of the screen
        if target.isEmpty():
            return
        rows = _sources(target.top(), target.height(), to_view.dy(), to_view.m22(), ratio)
        columns = _sources(target.left(), target.width(), to_view.dx(), to_view.m11(), ratio)
        labels = _sample(self._labels, rows, columns)
        line = max(round(_LINE * ratio), 1)
        labels, box = _around_objects(labels, target, line + 1)
        painter.save()
        painter.resetTransform()
        if covers:
            _fill(painter, QRegion(target) - QRegion(box), ratio, int(self._fill[0]))
        if not box.isEmpty():
            self._paint_box(painter, labels, box, line, ratio)
        painter.restore()

    def _paint_box(
        self, painter: QPainter, labels: LabelMap, box: QRect, line: int, ratio: float
    ) -> None:
        pixels = self._color(labels, box, line)
        height, width = pixels.shape
        image = QImage(
            pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied
        )
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(box.topLeft()) / ratio, image)

    def _color(self, labels: LabelMap, target: QRect, line: int) -> NDArray[np.uint32]:
        """Return the colours of labels that have a margin of one pixel around them."""
        largest = cv2.dilate(labels, _CROSS, iterations=line)
        smallest = cv2.erode(labels, _CROSS, iterations=line)
        inner = (slice(1, -1), slice(1, -1))
        is_edge = (largest != smallest)[inner]
        labels, largest = labels[inner], largest[inner]
        pixels = self._fill.take(labels)
        if self._textures.any():
            ys = np.arange(target.top(), target.top() + target.height()) % len(_GAPS)
            xs = np.arange(target.left(), target.left() + target.width()) % len(_GAPS)
            gaps = self._textures.take(labels)
            gaps &= _GAPS.take(ys, 0).take(xs, 1)
            pixels[gaps > 0] = self._fill[0]
        flat = pixels.reshape(-1)
        where = np.flatnonzero(is_edge)
        own = labels.reshape(-1)[where]
        outside = largest.reshape(-1)[where]
        flat[where] = np.where(own > 0, self._line.take(own), self._outside.take(outside))
        return pixels


def _gaps() -> NDArray[np.uint8]:
    """Return the tile of all kinds of hatching: bit k is set in the gaps of kind k."""
    ys, xs = np.mgrid[: 4 * _HATCH, : 4 * _HATCH] // _HATCH
    y, x = np.mgrid[: 4 * _HATCH, : 4 * _HATCH]
    kinds = (
        (x + y) // _HATCH % 2,  # strokes upwards to the right
        ys % 2,  # lines across
        (xs + ys) % 2,  # a board of chess
        (x - y) // _HATCH % 2,  # strokes downwards
        xs % 2,  # columns
        (ys % 2) | (xs % 2),  # dots
        (ys % 2) & (xs % 2),  # a grid
        (x + y) // (2 * _HATCH) % 2,  # broad strokes
    )
    return np.sum([(kind > 0) << bit for bit, kind in enumerate(kinds)], axis=0).astype(np.uint8)


_GAPS = _gaps()


def _fill(painter: QPainter, region: QRegion, ratio: float, premultiplied: int) -> None:
    """Fill a region, in pixels of the screen, with one premultiplied colour."""
    alpha = premultiplied >> 24
    parts = (premultiplied >> shift & 255 for shift in (16, 8, 0))
    plain = QColor(*(min(round(part * 255 / alpha), 255) for part in parts), alpha)
    for rect in region:
        painter.fillRect(
            QRectF(QPointF(rect.topLeft()) / ratio, QSizeF(rect.size()) / ratio), plain
        )


def _around_objects(labels: LabelMap, target: QRect, pad: int) -> tuple[LabelMap, QRect]:
    """Cut labels, which have a margin of one pixel, and their target down to what shows."""
    left, top, width, height = cv2.boundingRect(labels)
    if width == 0:
        return labels, QRect()
    right, bottom = min(left + width + pad, labels.shape[1]), min(top + height + pad, len(labels))
    left, top = max(left - pad, 0), max(top - pad, 0)
    origin = target.topLeft()
    cut = QRect(origin.x() + left, origin.y() + top, right - left - 2, bottom - top - 2)
    return labels[top:bottom, left:right], cut


def _sources(first: int, count: int, origin: float, scale: float, ratio: float) -> NDArray:
    """Return the source pixel under each pixel of the screen, and one more at either end."""
    centers = np.arange(first - 1, first + count + 1) + 0.5
    return np.floor((centers / ratio - origin) / scale).astype(np.intp)


def _sample(labels: LabelMap, rows: NDArray, columns: NDArray) -> LabelMap:
    """Return labels at rows x columns; 0 outside of the frame."""
    height, width = labels.shape
    result = labels.take(rows, 0, mode="clip").take(columns, 1, mode="clip")
    result[(rows < 0) | (rows >= height)] = 0
    result[:, (columns < 0) | (columns >= width)] = 0
    return result


def color(rgb: tuple[int, int, int], alpha: float) -> int:
    """Return a premultiplied ARGB colour; `alpha` is 0..1."""
    red, green, blue = (round(value * alpha) for value in rgb)
    return round(alpha * 255) << 24 | red << 16 | green << 8 | blue


def _half(colors: Colors) -> Colors:
    """Return colours half as strong."""
    return (colors >> 1) & np.uint32(0x7F7F7F7F)
