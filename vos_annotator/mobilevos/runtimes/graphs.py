"""The parts of a network as ONNX graphs, made once and kept in the user's cache.

For: the runtimes that run graphs. Needs the package onnx where they are not kept yet.

    look        image ──► features of the backbone, key
    for_values  image, features ──► what values share
    memorize    masks of objects, what values share ──► values
    for_masks   features ──► what masks share
    decode      what objects read, what masks share ──► logits

Where the processor has instructions for it, some come in 8-bit integers as well (`quantized`).
They are traced by torch's older exporter, which takes a second; the newer one, which
`export-onnx` takes for its richer reading graph, takes a minute and one more package.
"""

import hashlib
import io
import json
import logging
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch import Tensor, nn

from vos_annotator.core.atomic import beside, sweep
from vos_annotator.mobilevos import backbones, heads, network
from vos_annotator.mobilevos.heads import Look
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.runtimes import quantized

log = logging.getLogger(__name__)

PARTS = ("look", "for_values", "memorize", "for_masks", "decode")
_OPSET = 17
_DIGESTS = "digests.json"  # of the graphs beside it: a damaged one is made again
_SEEN = 3  # of a look, what masks are made from
_SHAPE = 96, 128  # of the picture that graphs are traced with; they take any other
_SOURCES = (backbones, heads, network, quantized)


def cache_folder() -> Path:
    """Return the folder for what can be computed again: graphs, and what ran quickest."""
    return user_cache_path("vos-annotator", appauthor=False) / "runtimes"


def way() -> str:
    """Return what graphs follow from beside weights: the code, torch, and what is worth making."""
    digest = hashlib.sha256(f"{torch.__version__} {_OPSET} {quantized.favours_int8()}".encode())
    for path in (Path(__file__), *(Path(each.__file__) for each in _SOURCES)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def fingerprint(checkpoint: Path) -> str:
    """Return what tells graphs apart."""
    weights = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return hashlib.sha256(f"{way()} {weights}".encode()).hexdigest()[:24]


def kept_graphs(checkpoint: Path) -> Path | None:
    """Return the folder with the graphs of a checkpoint, if they were made before and are whole."""
    folder = cache_folder() / fingerprint(checkpoint)
    try:
        is_whole = json.loads((folder / _DIGESTS).read_bytes()) == _digests(folder)
    except (OSError, ValueError):
        return None
    return folder if is_whole else None


def _digests(folder: Path) -> dict[str, str]:
    """Return what each graph of a folder must come to."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.onnx")}


def make_graphs(network: Network, checkpoint: Path) -> Path:
    """Return the folder with the graphs of a checkpoint, which are made if need be, or damaged.

    Whoever else makes them meanwhile, the folder has all of them or is not there.

    Args:
        network: Of the checkpoint, on any device; stays as it is.
        checkpoint: Its file.

    Raises:
        OSError: They cannot be written.
        ModuleNotFoundError: There is no package onnx.
    """
    if kept := kept_graphs(checkpoint):
        return kept
    target = cache_folder() / fingerprint(checkpoint)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    part = beside(target)
    try:
        part.mkdir()
        for name, data in export(network).items():
            (part / f"{name}.onnx").write_bytes(data)
        if quantized.favours_int8():
            _quantize(part, network)
        (part / _DIGESTS).write_text(json.dumps(_digests(part)))
        if target.exists() and not kept_graphs(checkpoint):
            damaged = beside(target)
            target.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
        part.replace(target)
    except OSError:
        if not kept_graphs(checkpoint):  # where they are, another process was quicker
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _quantize(folder: Path, network: Network) -> None:
    try:
        quantized.quantize(folder, network)
    except OSError:
        raise
    except Exception:  # the library has errors of its own; the others do not need these graphs
        log.warning("The network cannot be brought to 8-bit integers.", exc_info=True)


def export(network: Network) -> dict[str, bytes]:
    """Return the graphs of `PARTS`; sides of pictures and numbers of objects are free."""
    import onnx  # noqa: F401 - torch needs it, and says so less clearly

    image, masks = torch.rand(1, 3, *_SHAPE), torch.rand(2, 2, *_SHAPE)
    with torch.no_grad():
        look = network.look(image)
        features = network.complete(look)
        for_values, for_masks = network.prepare(look, image), network.decoder.prepare(features)
        read = network.value(masks, for_values)
    shared = [f"for_values{n}" for n in range(len(for_values))]
    logits = [f"for_masks{n}" for n in range(len(for_masks))]
    needed = list(network.value.prepares)
    given = [{"image": image, **look._asdict()}[name] for name in needed]
    seen = list(Look._fields[:_SEEN])
    return {
        "look": _trace(_Look(network), [image], ["image"], list(Look._fields)),
        "for_values": _trace(_ForValues(network), given, needed, shared),
        "memorize": _trace(_Memorize(network), [masks, *for_values], ["masks", *shared], ["value"]),
        "for_masks": _trace(_ForMasks(network), look[:_SEEN], seen, logits),
        "decode": _trace(_Decode(network), [read, *for_masks], ["read", *logits], ["logits"]),
    }


class _Look(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Look:
        return self.network.look(image)


class _ForValues(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip(self.network.value.prepares, given, strict=True))
        if "image" in named:
            named["image"] = self.network.normalized(named["image"])
        look = Look(*(named.get(name) for name in Look._fields))
        return self.network.value.prepare(look, named.get("image"))


class _ForMasks(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *seen: Tensor) -> tuple[Tensor, ...]:
        return self.network.decoder.prepare(self.network.complete(Look(*seen, None)))


class _Memorize(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.value = network.value

    def forward(self, masks: Tensor, *prepared: Tensor) -> Tensor:
        return self.value(masks, prepared)


class _Decode(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(self, read: Tensor, *prepared: Tensor) -> Tensor:
        return self.decoder(read, prepared)[0]


def _trace(
    module: nn.Module, given: Sequence[Tensor], inputs: list[str], outputs: list[str]
) -> bytes:
    """Return a module as an ONNX file."""
    free = {0: "objects", 2: "height", 3: "width"}
    file = io.BytesIO()
    noisy = logging.getLogger("torch.onnx")
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module.eval(),
                tuple(given),
                file,
                dynamo=False,
                opset_version=_OPSET,
                input_names=inputs,
                output_names=outputs,
                # Each has axes of its own: those of other strides are other numbers.
                dynamic_axes={
                    name: {axis: f"{name}_{word}" for axis, word in free.items()}
                    for name in (*inputs, *outputs)
                },
            )
    finally:
        noisy.setLevel(level)
    return file.getvalue()
