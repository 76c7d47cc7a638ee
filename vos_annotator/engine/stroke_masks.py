"""Who answers strokes: a network for clicks where one was given, else the engine.

For: the worker, whose thread it belongs to. Knows videos and both.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.video import Video
from vos_annotator.engine.clicks import Clicker, ClickFiles, obeyed, prompt_of
from vos_annotator.engine.commands import Scribble
from vos_annotator.engine.onnx_clicks import OnnxClicks
from vos_annotator.engine.protocol import ScribbleEngine, SegmentationEngine


class StrokeMasks:
    """Masks of what strokes mark."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._clicks: Clicker | None = None

    def use(self, files: ClickFiles | None) -> str:
        """Have clicks and boxes answered by these files; None leaves them to the engine.

        Returns:
            Which files these are; nothing for none.

        Raises:
            UserError: They cannot be used; whatever answered before still does.
        """
        self._clicks = None if files is None else OnnxClicks(files)
        return "" if files is None else files.provenance()

    def mask(
        self, command: Scribble, engine_of: Callable[[], SegmentationEngine]
    ) -> NDArray[np.bool_]:
        """Return the mask of the object that is marked; the engine is loaded if it is needed.

        Raises:
            UserError: The engine is needed, and reads no strokes.
        """
        image, strokes, current = self._video[command.frame], command.strokes, command.current
        prompt = prompt_of(strokes) if self._clicks is not None else None
        if prompt is not None:
            found = self._clicks.mask(command.frame, image, prompt, current)
            return found if prompt.box else obeyed(found, strokes, current)
        engine = engine_of()
        if not isinstance(engine, ScribbleEngine):
            raise UserError("The engine {name} cannot scribble: use the brush.", name=engine.name)
        told = command.object_id, command.others
        return engine.scribble(command.frame, image, strokes, current, *told)
