"""Which engine is to run, and with which weights: one value, from the shell or from a dialog.

For: whoever has an engine chosen: commands, the window, the worker. Imports no engine.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vos_annotator.core.given_numbers import add_number
from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE

SIZES = 16, 8192  # px: one position in memory; twice as fine as the finest videos


@dataclass(frozen=True)
class EngineChoice:
    """An engine by its name.

    Attributes:
        name: In the registry.
        checkpoint: The file of its weights, or what the engine calls them; None for its own.
    """

    name: str = DEFAULT_ENGINE
    checkpoint: str | None = None

    @classmethod
    def of(cls, engine: "EngineChoice | str | None") -> Self:
        """Return the choice that a name stands for; None is the default engine."""
        return engine if isinstance(engine, cls) else cls(engine or DEFAULT_ENGINE)

    @property
    def options(self) -> dict[str, str]:
        """What `load_engine` is given beside name and size."""
        return {} if self.checkpoint is None else {"checkpoint": self.checkpoint}

    def __str__(self) -> str:
        """Return what a project notes with the masks that it made."""
        return f"{self.name} ({Path(self.checkpoint).name})" if self.checkpoint else self.name


def add_engine_options(parser: argparse.ArgumentParser, with_size: bool = True) -> None:
    """Declare --engine, --checkpoint and --size, alike for every command that runs an engine."""
    parser.add_argument(
        "--engine", metavar="NAME", help=f"engine to run; {DEFAULT_ENGINE} if absent"
    )
    parser.add_argument(
        "--checkpoint", metavar="PATH", help="weights that it runs, where it takes some"
    )
    if with_size:
        add_number(
            parser,
            "--size",
            *SIZES,
            default=DEFAULT_SIZE,
            help="short side to work at, px (%(default)s)",
        )


def chosen_engine(args: argparse.Namespace) -> EngineChoice:
    """Return what the options of `add_engine_options` say."""
    return EngineChoice(args.engine or DEFAULT_ENGINE, args.checkpoint)
