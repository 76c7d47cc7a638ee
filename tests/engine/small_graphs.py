"""Two tiny ONNX graphs of SAM's shape: what is bright is the object, whatever is clicked."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vos_annotator.engine.clicks import ClickFiles


def make_click_files(folder: Path) -> ClickFiles:
    """Write the pair and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = ClickFiles(str(folder / "encoder.onnx"), str(folder / "decoder.onnx"))
    onnx.save(_encoder(), files.encoder)
    onnx.save(_decoder(), files.decoder)
    return files


def _encoder() -> onnx.ModelProto:
    """Brightness at stride 16 in the first of 256 channels."""
    weights = np.zeros((256, 3, 16, 16), np.float32)
    weights[0] = 1 / (3 * 16 * 16)
    nodes = [helper.make_node("Conv", ["image", "weights"], ["seen"], strides=[16, 16])]
    takes = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 1024, 1024])]
    gives = [helper.make_tensor_value_info("seen", TensorProto.FLOAT, [1, 256, 64, 64])]
    return _model(nodes, takes, gives, [numpy_helper.from_array(weights, "weights")])


def _decoder() -> onnx.ModelProto:
    """The first channel at stride 4; all else that SAM's decoder takes counts for nothing."""
    constants = {
        "first": np.array([0], np.int64),
        "end": np.array([1], np.int64),
        "channels": np.array([1], np.int64),
        "scales": np.array([1, 1, 4, 4], np.float32),
        "sure": np.array([[1.0]], np.float32),
    }
    nodes = [
        helper.make_node("Slice", ["image_embeddings", "first", "end", "channels"], ["one"]),
        helper.make_node("Resize", ["one", "", "scales"], ["low_res_masks"], mode="linear"),
        helper.make_node("Identity", ["sure"], ["iou_predictions"]),
    ]
    shapes = {
        "image_embeddings": [1, 256, 64, 64],
        "point_coords": [1, "points", 2],
        "point_labels": [1, "points"],
        "mask_input": [1, 1, 256, 256],
        "has_mask_input": [1],
    }
    takes = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    gives = [
        helper.make_tensor_value_info("low_res_masks", TensorProto.FLOAT, [1, 1, 256, 256]),
        helper.make_tensor_value_info("iou_predictions", TensorProto.FLOAT, [1, 1]),
    ]
    known = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    return _model(nodes, takes, gives, known)


def _model(nodes, takes, gives, known) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "tiny", takes, gives, known)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
