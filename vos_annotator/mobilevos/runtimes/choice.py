"""Which runtime runs the network: the one that was asked for, or that was quickest here.

For: the engine. What was quickest is measured once for each machine, checkpoint and set of
libraries (`probe`); until that is known it is torch. What is measured meanwhile holds from the
next start: within one session the same references give the same masks, to the byte.
"""

import hashlib
import json
import logging
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.runtimes.graphs import (
    cache_folder,
    fingerprint,
    kept_graphs,
    make_graphs,
)
from vos_annotator.mobilevos.runtimes.on_graphs import OPENERS, GraphRuntime
from vos_annotator.mobilevos.runtimes.runtime import Runtime, TorchRuntime

log = logging.getLogger(__name__)

AUTO = "auto"
VARIABLE = "VOS_ANNOTATOR_RUNTIME"  # of the environment: what to run where nobody asks otherwise
NAMES = (AUTO, TorchRuntime.name, *OPENERS)


def choose_runtime(
    network: Network, checkpoint: Path, device: torch.device, wanted: str | None = None
) -> Runtime:
    """Return what runs a network.

    Args:
        network: In evaluation mode, on its device.
        checkpoint: Its file.
        device: Where it runs; on any but a CPU it is torch that runs it.
        wanted: One of `NAMES`; None asks the environment, and if that says nothing it is "auto".

    Raises:
        UserError: There is no such runtime, it is not installed, or it does not work.
    """
    wanted = _wanted(wanted)
    if wanted == AUTO:
        return _quickest(network, checkpoint, device)
    if wanted == TorchRuntime.name or device.type != "cpu":
        return TorchRuntime(network)
    return load_runtime(wanted, network, checkpoint)


def load_runtime(name: str, network: Network, checkpoint: Path) -> Runtime:
    """Return a runtime by its name; the graphs that it needs are made if need be.

    Raises:
        UserError: It is not installed or does not work.
    """
    if name == TorchRuntime.name:
        return TorchRuntime(network)
    try:
        folder = make_graphs(network, checkpoint)
        return GraphRuntime(name, OPENERS[name], folder, network)
    except ModuleNotFoundError as error:
        raise UserError(
            "The runtime {name} needs the Python package {package}: install it with pip.",
            name=name,
            package=error.name,
        ) from error
    except Exception as error:  # each library has errors of its own
        raise UserError(
            "The runtime {name} does not work here ({reason}): choose torch.",
            name=name,
            reason=str(error).partition("\n")[0],
        ) from error


def installed() -> list[str]:
    """Return the names of the runtimes that can be asked for here, torch first."""
    return [TorchRuntime.name, *(name for name in OPENERS if find_spec(name))]


def needs_probe(checkpoint: Path, wanted: str | None) -> bool:
    """Return whether it is not known here yet what runs a checkpoint quickest, and asked for."""
    return _wanted(wanted) == AUTO and len(installed()) > 1 and not _note(checkpoint).is_file()


def settle(checkpoint: Path, name: str, milliseconds: dict[str, float]) -> None:
    """Note what is to run a checkpoint here, and how long a frame took by each runtime."""
    note = _note(checkpoint)
    note.parent.mkdir(parents=True, exist_ok=True)
    part = note.with_name(f"{note.name}.{os.getpid()}")
    part.write_text(json.dumps({"runtime": name, "ms": milliseconds}), "utf-8")
    part.replace(note)


def _quickest(network: Network, checkpoint: Path, device: torch.device) -> Runtime:
    """Return what is known to be quickest, else torch; never waits for anything."""
    note = _note(checkpoint)
    if device.type == "cpu" and note.is_file():
        try:
            name = json.loads(note.read_text("utf-8"))["runtime"]
            if name in OPENERS and kept_graphs(checkpoint):  # making them would take seconds
                return load_runtime(name, network, checkpoint)
        except (OSError, ValueError, KeyError, TypeError, UserError):
            log.warning("The runtime that was quickest cannot be used: torch is.", exc_info=True)
    return TorchRuntime(network)


def _wanted(name: str | None) -> str:
    """Return what is asked for, here or by the environment.

    Raises:
        UserError: There is no such runtime.
    """
    name = name or os.environ.get(VARIABLE) or AUTO
    if name not in NAMES:
        raise UserError(
            "There is no runtime {name}: choose one of {names}.", name=name, names=", ".join(NAMES)
        )
    return name


def _note(checkpoint: Path) -> Path:
    """Return the file with what was measured here of a checkpoint."""
    known = [platform.node(), platform.machine(), platform.processor(), str(os.cpu_count())]
    known += [f"{name} {_version(name)}" for name in OPENERS]
    digest = hashlib.sha256("\n".join([fingerprint(checkpoint), *known]).encode())
    return cache_folder() / f"quickest-{digest.hexdigest()[:24]}.json"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
