"""The tools that change masks with the mouse, by name.

For: the canvas. To add a tool, write a subclass of `Tool` and one line here.
"""

from vos_annotator.ui.tools.box import Box
from vos_annotator.ui.tools.brush import Brush, Eraser
from vos_annotator.ui.tools.fill import Fill
from vos_annotator.ui.tools.lasso import Lasso
from vos_annotator.ui.tools.point import Point
from vos_annotator.ui.tools.scribble import Scribble
from vos_annotator.ui.tools.select import Select
from vos_annotator.ui.tools.tool import Tool
from vos_annotator.ui.tools.wand import Wand

TOOLS: dict[str, type[Tool]] = {
    "select": Select,
    "brush": Brush,
    "eraser": Eraser,
    "scribble": Scribble,
    "point": Point,
    "box": Box,
    "lasso": Lasso,
    "wand": Wand,
    "fill": Fill,
}
