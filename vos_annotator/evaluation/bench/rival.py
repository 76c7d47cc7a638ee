"""A rival's network in a process of its own, asked for a few frames at a time.

For: the comparison. Knows which checkout is whose, and how to talk with `rivals`, which runs in
the rival's Python; nothing of it is imported here.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vos_annotator.core.errors import UserError

_ADAPTERS = Path(__file__).with_name("rivals")


@dataclass(frozen=True)
class Kind:
    """A network that there is an adapter for.

    Attributes:
        name: What people call it.
        mark: A file that only its checkouts have.
        adapter: Module in `rivals`.
        variant: Which network of those in the checkout.
    """

    name: str
    mark: str
    adapter: str
    variant: str = ""


KINDS = (
    Kind("Cutie small", "cutie/inference/inference_core.py", "of_cutie", "small"),
    Kind("Cutie base", "cutie/inference/inference_core.py", "of_cutie", "base"),
    Kind("XMem", "inference/memory_manager.py", "of_xmem"),
    Kind("EdgeTAM", "sam2/configs/edgetam.yaml", "of_edgetam"),
)


def kinds_in(checkout: Path) -> Sequence[Kind]:
    """Return the networks in a checkout.

    Raises:
        UserError: There is none that is known.
    """
    if found := [kind for kind in KINDS if (checkout / kind.mark).is_file()]:
        return found
    raise UserError(
        "{path} is no checkout of a rival that is known: give one of {names}.",
        path=checkout,
        names=", ".join(kind.name for kind in KINDS),
    )


class Rival:
    """A rival that has memorised the first frame, and goes on with each turn.

    Attributes:
        kind: What it is.
        threads: How many threads its torch computes with.
    """

    def __init__(self, kind: Kind, process: subprocess.Popen, python: str) -> None:
        self.kind = kind
        self._process, self._python = process, python
        self.threads: int = self._answer()["threads"]

    def turn(self, frames: int, seconds: float) -> list[float]:
        """Segment the next frames; return the milliseconds of each.

        Args:
            frames: How many, at most.
            seconds: After so long the turn is over, with two frames at least.

        Raises:
            UserError: It failed.
        """
        try:
            print(json.dumps({"frames": frames, "seconds": seconds}), file=self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            pass  # it is gone; why, is told where its answer is missing
        return self._answer()["ms"]

    def _answer(self) -> dict:
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._process.wait()
        self._process.stderr.seek(0)
        said = self._process.stderr.read().strip()
        print(said, file=sys.stderr)
        raise UserError(
            "{name} does not run in {python}: {reason}. Give a Python that has what it needs by "
            "--compare-python.",
            name=self.kind.name,
            python=self._python,
            reason=said.rpartition("\n")[2] or self._process.returncode,
        )


@contextmanager
def running(kind: Kind, checkout: Path, python: str, frames: Path, mask: Path) -> Iterator[Rival]:
    """Give a rival that runs, and end it.

    Args:
        kind: Which.
        checkout: Its folder.
        python: The interpreter that has what the rival imports.
        frames, mask: As of `rivals`.

    Raises:
        UserError: It cannot be started.
    """
    words = (kind.adapter, kind.variant, checkout.resolve(), frames, mask)
    with tempfile.TemporaryFile("w+", errors="replace") as chatter:
        try:
            process = subprocess.Popen(
                [python, str(_ADAPTERS), *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=chatter,
                text=True,
            )
        except OSError as error:
            raise UserError("{path} cannot be run: {reason}.", path=python, reason=error) from error
        process.stderr = chatter
        try:
            yield Rival(kind, process, python)
        finally:
            process.kill()
            process.communicate()
