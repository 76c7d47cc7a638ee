"""Engines by name: who asks for one never imports it.

For: the worker and the headless commands. Engines are installed through the entry-point group
`vos_annotator.engines`; an entry is anything callable as `entry(size=...)`. So the window is
up before torch is, and another package can bring its own engine.
"""

from importlib.metadata import entry_points
from inspect import signature

from vos_annotator.core.errors import UserError
from vos_annotator.engine.protocol import SegmentationEngine

GROUP = "vos_annotator.engines"
DEFAULT_ENGINE = "mobilevos"
DEFAULT_SIZE = 480


def engine_names() -> list[str]:
    """Return the names of the installed engines, sorted; nothing of them is imported."""
    return sorted(set(entry_points(group=GROUP).names))


def load_engine(
    name: str | None = None, size: int = DEFAULT_SIZE, **options: object
) -> SegmentationEngine:
    """Return a new engine with an empty memory.

    Args:
        name: One of `engine_names()`; None takes the default.
        size: The short side that frames are worked at, px.
        options: What only this engine knows, as `checkpoint`; None leaves one out.

    Raises:
        UserError: There is no such engine, it has no such option, or a library that it
            needs is missing.
    """
    name = name or DEFAULT_ENGINE
    found = entry_points(group=GROUP, name=name)
    if not found:
        names = engine_names()
        if not names:
            raise UserError("No engine is installed: run `pip install -e .` in the checkout.")
        raise UserError(
            "There is no engine {name}: choose one of {names}.", name=name, names=", ".join(names)
        )
    try:
        factory = next(iter(found)).load()
    except ModuleNotFoundError as error:
        raise UserError(
            "The engine {name} needs the Python package {package}: install it with pip.",
            name=name,
            package=error.name,
        ) from error
    given = {key: value for key, value in options.items() if value is not None}
    unknown = given.keys() - signature(factory).parameters.keys()
    if unknown:
        raise UserError(
            "The engine {name} has no {options} to choose.",
            name=name,
            options=", ".join(sorted(unknown)),
        )
    return factory(size=size, **given)
