"""A slider with its number beside it, which can be typed over.

For: dialogs that ask for a size. Knows superqt, which takes a moment to load: a dialog is
imported when it is asked for.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider, QWidget
from superqt import QLabeledSlider


def labeled_slider(name: str, numbers: range, value: int) -> QLabeledSlider:
    """Return a slider over `numbers`.

    Args:
        name: What a screen reader says of it, and of its parts.
        numbers: The smallest, one past the largest, and the step.
        value: What it shows first.
    """
    slider = QLabeledSlider(Qt.Orientation.Horizontal)
    slider.setRange(numbers.start, numbers.stop - 1)
    slider.setSingleStep(numbers.step)
    slider.setValue(value)
    slider.setFocusProxy(slider.findChild(QSlider))  # else the arrow keys reach none that moves
    for each in (slider, *slider.findChildren(QWidget)):
        each.setAccessibleName(name)
    return slider
