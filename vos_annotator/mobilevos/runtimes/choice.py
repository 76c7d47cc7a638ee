"""Which runtime runs the network: the one that was asked for, or that was quickest here.

For: the engine. What was quickest is measured once (`probe`) for each machine, number of
threads, set of libraries and network, whatever its weights; until that is known it is torch. What
is measured meanwhile holds from the next start: within one session the same references give the
same masks, to the byte.
"""

import hashlib
import json
import logging
import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.precision import favours_bfloat16
from vos_annotator.mobilevos.runtimes.compiled import CompiledRuntime
from vos_annotator.mobilevos.runtimes.graphs import (
    cache_folder,
    kept_graphs,
    make_graphs,
    way,
)
from vos_annotator.mobilevos.runtimes.on_graphs import OPENERS, GraphRuntime, usable
from vos_annotator.mobilevos.runtimes.runtime import RoundedRuntime, Runtime, TorchRuntime

log = logging.getLogger(__name__)

AUTO = "auto"
VARIABLE = "VOS_ANNOTATOR_RUNTIME"  # of the environment: what to run where nobody asks otherwise
IN_TORCH = {runtime.name: runtime for runtime in (TorchRuntime, RoundedRuntime, CompiledRuntime)}
_TIMED = "three objects in boxes"  # by `probe`: what was quickest at something else is forgotten
NAMES = (AUTO, *IN_TORCH, *OPENERS)


def choose_runtime(
    network: Network, checkpoint: Path, device: torch.device, wanted: str | None = None
) -> Runtime:
    """Return what runs a network.

    Args:
        network: In evaluation mode, on its device.
        checkpoint: Its file.
        device: Where it runs; on any but a CPU it is torch, in bfloat16 if that is quicker there.
        wanted: One of `NAMES`; None asks the environment, which may name what is for CPUs alone on
            any device, and if that says nothing it is "auto".

    Raises:
        UserError: There is no such runtime, it is not installed, does not work, or is none for the
            device.
    """
    name = _wanted(wanted)
    if name == AUTO:
        return _quickest(network, checkpoint, device)
    if device.type == "cpu" or name in IN_TORCH:
        return load_runtime(name, network, checkpoint)
    if wanted:  # whoever asks for it, as to measure it, must not take torch for it
        raise UserError(
            "The runtime {name} is for CPUs, and the network runs on {device} here: choose one of "
            "{names}.",
            name=name,
            device=device.type,
            names=", ".join(IN_TORCH),
        )
    return TorchRuntime(network)


def load_runtime(name: str, network: Network, checkpoint: Path) -> Runtime:
    """Return a runtime by its name; the graphs that it needs are made if need be.

    Raises:
        UserError: It is not installed or does not work.
    """
    try:
        if name in IN_TORCH:
            return IN_TORCH[name](network)
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
    """Return the names of the runtimes that are worth asking for here, torch first."""
    rounded = [RoundedRuntime.name] if favours_bfloat16(torch.device("cpu")) else []
    return [TorchRuntime.name, *rounded, *usable()]


def is_settled(
    network: Network, checkpoint: Path, device: torch.device, wanted: str | None = None
) -> bool:
    """Return whether what runs a checkpoint quickest here is ready, or not asked for."""
    if _wanted(wanted) != AUTO or device.type != "cpu" or len(installed()) == 1:
        return True
    return (name := noted(network)) in IN_TORCH or bool(name and kept_graphs(checkpoint))


def noted(network: Network) -> str | None:
    """Return the runtime that was quickest here; None if that is not known."""
    try:
        name = json.loads(_note(network).read_text("utf-8"))["runtime"]
    except (OSError, ValueError, KeyError, TypeError):  # damaged: it is measured again
        return None
    return name if name in NAMES else None


def settle(network: Network, name: str, milliseconds: dict[str, float]) -> bool:
    """Note what is to run a network here, and how long a frame took by each runtime.

    Returns:
        Whether it was; what another process noted meanwhile stays, so that all run the same.

    Raises:
        OSError: It cannot be written.
    """
    note = _note(network)
    note.parent.mkdir(parents=True, exist_ok=True)
    if noted(network) is None:
        note.unlink(missing_ok=True)
    part = note.with_name(f"{note.name}.{os.getpid()}")
    part.write_text(json.dumps({"runtime": name, "ms": milliseconds}), "utf-8")
    try:
        note.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError:  # a disk that knows no links
        part.replace(note)
    finally:
        part.unlink(missing_ok=True)
    return True


def _quickest(network: Network, checkpoint: Path, device: torch.device) -> Runtime:
    """Return what is known to be quickest, else torch; never waits for anything."""
    if device.type != "cpu":
        return (RoundedRuntime if favours_bfloat16(device) else TorchRuntime)(network)
    name = noted(network)
    if name in IN_TORCH or (name in OPENERS and kept_graphs(checkpoint)):  # made in seconds
        try:
            return load_runtime(name, network, checkpoint)
        except UserError:
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


def _note(network: Network) -> Path:
    """Return the file with what was measured here of networks like this one."""
    known = [way(), _TIMED, repr(network.config), platform.node(), platform.machine(), _processor()]
    known += [str(os.cpu_count()), str(torch.get_num_threads())]
    known += [f"{name} {_version(name)}" for name in installed()]
    digest = hashlib.sha256("\n".join(known).encode())
    return cache_folder() / f"quickest-{digest.hexdigest()[:24]}.json"


def _processor() -> str:
    """Return the processor's name, which Python does not know on Linux."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
        return next(line for line in lines if line.startswith("model name"))
    return platform.processor()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
