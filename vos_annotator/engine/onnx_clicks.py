"""SAM's pair of ONNX graphs: one sees a picture, the other makes a mask of clicks or a box.

For: the worker. Needs onnxruntime (extra `onnx`) and two files that a person names; nothing is
downloaded. What a graph takes and gives goes by the names that SAM's own export gives them, so
MobileSAM, EfficientSAM-like and SAM's own pairs serve alike.

Source: Kirillov et al., "Segment Anything", ICCV 2023; Zhang et al., "MobileSAM", 2023.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.video import Image
from vos_annotator.engine.clicks import ClickFiles, Prompt

_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_SIDE, _MASK_SIDE = 1024, 256  # px of the square that a picture is laid into; of masks within
_CERTAIN = 10.0  # log-odds of a mask that is given
_DECODER = {"image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input"}
_LEFT_TOP, _RIGHT_BOTTOM, _NO_POINT = 2.0, 3.0, -1.0  # labels of corners, and of nothing


class OnnxClicks:
    """Makes masks of prompts; what it saw of the last frame is kept for the next click."""

    def __init__(self, files: ClickFiles) -> None:
        """Open both files.

        Raises:
            UserError: onnxruntime is missing, or a file is no such graph.
        """
        self._encoder = _session(Path(files.encoder))
        self._decoder = _session(Path(files.decoder))
        self._input = self._encoder.get_inputs()[0].name
        takes = {each.name for each in self._decoder.get_inputs()}
        gives = {each.name for each in self._decoder.get_outputs()}
        if len(self._encoder.get_inputs()) != 1:
            raise _unfit(files.encoder, "encoder")
        if not takes >= _DECODER or "low_res_masks" not in gives:
            raise _unfit(files.decoder, "decoder")
        self._takes_size = "orig_im_size" in takes
        self._seen: tuple[int, NDArray[np.float32]] | None = None

    def mask(
        self, frame: int, image: Image, prompt: Prompt, current: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Return the mask of what is pointed at; see `Clicker.mask`."""
        height, width = image.shape[:2]
        scale = _SIDE / max(height, width)
        given = np.zeros((1, 1, _MASK_SIDE, _MASK_SIDE), np.float32)
        if current is not None and prompt.box is None:
            given[0, 0] = _laid(current.astype(np.float32), _MASK_SIDE) * 2 * _CERTAIN - _CERTAIN
        points, labels = _points(prompt)
        feeds = {
            "image_embeddings": self._look(frame, image),
            "point_coords": (points * scale)[None].astype(np.float32),
            "point_labels": labels[None],
            "mask_input": given,
            "has_mask_input": np.array([given.any()], np.float32),
        }
        if self._takes_size:
            feeds["orig_im_size"] = np.array([height, width], np.float32)
        found = dict(
            zip(
                (each.name for each in self._decoder.get_outputs()),
                self._decoder.run(None, feeds),
                strict=True,
            )
        )
        masks = found["low_res_masks"][0]
        best = int(np.argmax(found["iou_predictions"][0])) if "iou_predictions" in found else 0
        large = cv2.resize(masks[best], (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
        used = large[: round(height * scale), : round(width * scale)]
        return cv2.resize(used, (width, height), interpolation=cv2.INTER_LINEAR) > 0

    def _look(self, frame: int, image: Image) -> NDArray[np.float32]:
        if self._seen is None or self._seen[0] != frame:
            laid = _laid(((image - _MEAN) / _STD).astype(np.float32), _SIDE)
            seen = self._encoder.run(None, {self._input: laid.transpose(2, 0, 1)[None]})[0]
            self._seen = frame, seen
        return self._seen[1]


def _laid(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return a picture laid into the upper left of a square, as large as it goes; else zeros."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((side, side, *picture.shape[2:]), np.float32)
    square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=how)
    return square


def _points(prompt: Prompt) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return points (N, 2) in pixels, and what each of them says."""
    points, labels = [*prompt.inside, *prompt.outside], [1.0] * len(prompt.inside)
    labels += [0.0] * len(prompt.outside)
    if prompt.box is None:
        points, labels = [*points, (0.0, 0.0)], [*labels, _NO_POINT]
    else:
        points, labels = [*points, prompt.box[:2], prompt.box[2:]], [*labels, _LEFT_TOP]
        labels.append(_RIGHT_BOTTOM)
    return np.array(points, np.float64), np.array(labels, np.float32)


def _session(path: Path):
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise UserError(
            "Clicks by ONNX files need the Python package onnxruntime: run pip install "
            "'vos-annotator[onnx]'."
        ) from error
    if not path.is_file():
        raise UserError("There is no ONNX file at {path}: check the path.", path=path)
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has errors of its own, without a common kind
        raise UserError(
            "{path} is no ONNX file that can be run here ({kind}): give another.",
            path=path,
            kind=type(error).__name__,
        ) from error


def _unfit(path: str, role: str) -> UserError:
    return UserError(
        "{path} is not the {role} of SAM's pair of ONNX files: check which file is which.",
        path=path,
        role=role,
    )
