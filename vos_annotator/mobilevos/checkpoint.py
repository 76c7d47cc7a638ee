"""Checkpoints that describe themselves: weights, configuration and card in one file.

For: the engine, the trainer and `vos-annotator models`. The file is safetensors: loading
one runs no code. Its metadata holds the network's configuration as JSON, so that a
checkpoint opens without being told what it is.
"""

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from vos_annotator.core.atomic import put_file
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.ledger import hash_of
from vos_annotator.mobilevos.network import Network, NetworkConfig
from vos_annotator.paths import models_folder

SUFFIX = ".safetensors"
DEFAULT = "mobilevos-fast"
_HASH = re.compile(r"\bsha256 `([0-9a-f]{64})`")  # of a card


def find_checkpoint(name: str | Path = DEFAULT) -> Path:
    """Return the file of a checkpoint: a path, or the name of one in the models folder.

    Raises:
        UserError: There is none.
    """
    for path in (Path(name), models_folder() / f"{name}{SUFFIX}"):
        if os.path.isfile(path):  # False also for a name too long
            return path
    raise UserError(
        "There is no checkpoint '{name}': give the path of a {suffix} file, or one of the names "
        "that `vos-annotator models` lists.",
        name=name,
        suffix=SUFFIX,
    )


def save_checkpoint(path: Path, network: Network, notes: dict[str, object] | None = None) -> None:
    """Write `network` to `path` in half precision, whole or not at all.

    Args:
        path: The file; one that is there is replaced.
        network: Its weights may be on any device.
        notes: What else to keep, as JSON: the step, scores, the recipe.

    Raises:
        UserError: It cannot be written.
    """
    weights = {
        name: tensor.detach().to("cpu", _half(tensor.dtype)).contiguous()
        for name, tensor in network.state_dict().items()
    }
    metadata = {"config": json.dumps(asdict(network.config)), "notes": json.dumps(notes or {})}
    put_file(path, save(weights, metadata))


def _half(dtype: torch.dtype) -> torch.dtype:
    """Return what a tensor is kept as; the count of a norm's batches outgrows half precision."""
    return torch.float16 if dtype.is_floating_point else dtype


def load_checkpoint(path: Path) -> tuple[Network, dict[str, object]]:
    """Return the network in evaluation mode, float32, and the notes kept with it.

    Raises:
        UserError: The file is missing, damaged, or no checkpoint of ours.
    """
    _check_card(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        config = json.loads(metadata["config"]).items()
        fields = {key: tuple(v) if isinstance(v, list) else v for key, v in config}
        network = Network(NetworkConfig(**fields))
        network.load_state_dict(weights)
        if not all(weight.isfinite().all() for weight in weights.values()):
            raise ValueError("weights that are no numbers")
        notes = json.loads(metadata.get("notes", "{}"))
    except FileNotFoundError:
        raise UserError("There is no checkpoint at {path}: check the path.", path=path) from None
    except (
        SafetensorError,
        LookupError,
        AttributeError,
        TypeError,
        ValueError,
        RuntimeError,
        OSError,
    ) as error:
        raise UserError(
            "{path} is not a checkpoint of this program, or it is damaged: fetch or train it "
            "again ({kind}).",
            path=path,
            kind=type(error).__name__,
        ) from error
    return network.eval(), notes


def _check_card(path: Path) -> None:
    """Hold a checkpoint against the hash in the card beside it, if there is one.

    One changed bit of a weight is a weight all the same. Of the shipped one it takes 13 ms.

    Raises:
        UserError: It is another file than the card tells of.
    """
    with suppress(OSError):
        told = _HASH.search(path.with_suffix(".md").read_text(errors="replace"))
        if told and told[1] != hash_of(path):
            raise UserError(
                "{path} is not the file that {card} tells of, or it is damaged: fetch it again, or "
                "move the card away.",
                path=path,
                card=path.with_suffix(".md").name,
            )
