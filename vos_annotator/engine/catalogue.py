"""What can be said of each installed engine before it is chosen.

For: the window's choice of engine. Imports the engine's package, so away from the GUI thread.
"""

from dataclasses import dataclass
from inspect import getdoc

from vos_annotator.core.errors import UserError
from vos_annotator.engine.registry import factory_of, options_of, package_of


@dataclass(frozen=True)
class EngineFacts:
    """An engine, described.

    Attributes:
        name: In the registry.
        package: The distribution that brings it.
        summary: What it is: its `summary`, or the first line of its docstring.
        takes_checkpoint: Whether weights can be chosen.
        needs_checkpoint: Whether it has none of its own.
        problem: Why it cannot be used; empty if nothing is known against it.
    """

    name: str
    package: str
    summary: str = ""
    takes_checkpoint: bool = False
    needs_checkpoint: bool = False
    problem: str = ""


def facts_of(name: str) -> EngineFacts:
    """Return what there is to know of an engine; a broken one is described by its problem."""
    package = package_of(name)
    try:
        factory = factory_of(name)
    except UserError as error:
        return EngineFacts(name, package, problem=str(error))
    takes, needs = options_of(factory)
    lines = (getdoc(factory) or "").splitlines()
    summary = str(getattr(factory, "summary", lines[0] if lines else ""))
    return EngineFacts(name, package, summary, "checkpoint" in takes, "checkpoint" in needs)
