"""Runtimes that run the network's graphs on a CPU: ONNX Runtime and OpenVINO.

For: `choice`, and nobody else. Each imports its library when its first graph is opened. All
take as many threads as torch does, and none of them waits busily: the window needs the cores.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vos_annotator.mobilevos.heads import Look, Prepared
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.runtimes.graphs import PARTS
from vos_annotator.mobilevos.runtimes.quantized import PARTS as COARSE_PARTS
from vos_annotator.mobilevos.runtimes.quantized import SUFFIX, favours_int8

INT8 = "int8"

_LANES = 4  # more sets of graphs take more memory and time to open than they spare

# Runs with its inputs in order; an opener makes one of a file, for a number of threads.
Graph = Callable[[Sequence[NDArray[np.float32]]], Sequence[NDArray[np.float32]]]
Opener = Callable[[Path, int], Graph]


class GraphRuntime:
    """Runs graphs, whatever opens them.

    A part of the network gains little from a second thread where it is run for small boxes. So
    batches are run side by side, in lanes: threads that have graphs of their own for fewer cores.
    """

    def __init__(self, name: str, opener: Opener, folder: Path, network: Network) -> None:
        """Load the graphs of a network from the folder that `make_graphs` gave."""
        self.name = name
        self._prepares = network.value.prepares
        threads = torch.get_num_threads()
        self.lanes = min(threads, _LANES)
        files = {part: folder / f"{part}.onnx" for part in PARTS}
        self._graphs = {part: opener(path, threads) for part, path in files.items()}
        self._here = local()  # with `graphs` in the thread of a lane
        self._pool = ThreadPoolExecutor(
            self.lanes, "lane", _enter_lane, (self._here, opener, files, threads // self.lanes)
        )

    def look(self, image: Tensor) -> Look:
        """See `Runtime.look`."""
        return Look(*self._run("look", image))

    def for_values(self, look: Look, image: Tensor) -> Prepared:
        """See `Runtime.for_values`."""
        seen = {"image": image, **look._asdict()}
        return self._run("for_values", *(seen[name] for name in self._prepares))

    def memorize(self, masks: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.memorize`."""
        return self._run("memorize", masks, *prepared)[0]

    def for_masks(self, look: Look) -> Prepared:
        """See `Runtime.for_masks`."""
        return self._run("for_masks", look.stride4, look.stride8, look.stride16)

    def decode(self, read: Tensor, prepared: Prepared) -> Tensor:
        """See `Runtime.decode`."""
        return self._run("decode", read, *prepared)[0]

    def each(self, work: Callable[..., Tensor], *batches: Sequence[Any]) -> list[Tensor]:
        """See `Runtime.each`."""
        if self.lanes == 1 or len(batches[0]) == 1:
            return list(map(work, *batches))
        return list(self._pool.map(work, *batches))

    def _run(self, part: str, *given: Tensor) -> Prepared:
        """Run a part of the network, single precision in and out, row by row."""
        graphs = getattr(self._here, "graphs", self._graphs)
        arrays = graphs[part]([tensor.float().contiguous().numpy() for tensor in given])
        return tuple(torch.from_numpy(array) for array in arrays)


def _enter_lane(here: local, opener: Opener, files: dict[str, Path], threads: int) -> None:
    """Give the thread that this is graphs of its own, but for the one of whole pictures."""
    here.graphs = {part: opener(path, threads) for part, path in files.items() if part != "look"}


def open_in_onnxruntime(path: Path, threads: int) -> Graph:
    """Return a graph that ONNX Runtime runs."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # on Windows; elsewhere the package has seen to it
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def open_in_openvino(path: Path, threads: int) -> Graph:
    """Return a graph that OpenVINO runs."""
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = _openvino().compile_model(path, "CPU", settings).create_infer_request()

    def run(arrays: Sequence[NDArray[np.float32]]) -> Sequence[NDArray[np.float32]]:
        return list(request.infer(dict(enumerate(arrays)), share_inputs=True).values())

    return run


@cache
def _openvino() -> Any:
    """Return OpenVINO's core, one for as long as the process lasts.

    Each core gives the thread that loads its first graph a stack for signal handlers, and takes
    it away when it goes. Of several that go in the order in which they came, the last leaves the
    thread with a stack that is no longer there, and the next signal ends the process.
    """
    # Nothing goes over the net: it would tell its maker that it runs, under a number that it
    # keeps in the person's home. Without this package it keeps silent.
    sys.modules.setdefault("openvino_telemetry", None)
    import openvino

    return openvino.Core()


def open_in_integers(path: Path, threads: int) -> Graph:
    """Return a graph that ONNX Runtime runs in 8-bit integers, if it is one of those."""
    coarse = path.with_suffix(SUFFIX) if path.stem in COARSE_PARTS else path
    return open_in_onnxruntime(coarse, threads)


OPENERS: dict[str, Opener] = {
    "onnxruntime": open_in_onnxruntime,
    INT8: open_in_integers,
    "openvino": open_in_openvino,
}


def usable() -> list[str]:
    """Return the names of the `OPENERS` that are worth asking for here."""
    packages = {INT8: "onnxruntime"}
    names = [name for name in OPENERS if find_spec(packages.get(name, name))]
    return [name for name in names if name != INT8 or favours_int8()]
