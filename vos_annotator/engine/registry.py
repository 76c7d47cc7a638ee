"""Engines by name: who asks for one never imports it.

For: the worker and the headless commands. Engines are installed through the entry-point group
`vos_annotator.engines`; an entry is anything callable as `entry(size=...)`. So the window is
up before torch is, and another package can bring its own engine. What such a package does
wrong is said in a sentence that names it, and keeps no other engine away.
"""

import logging
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, distributions
from inspect import Parameter, signature

from vos_annotator.core.errors import UserError
from vos_annotator.engine.protocol import SegmentationEngine, SettlingEngine

log = logging.getLogger(__name__)

GROUP = "vos_annotator.engines"
DEFAULT_ENGINE = "mobilevos"
DEFAULT_SIZE = 480

_OURS = "vos-annotator"  # the package whose faults are the program's own

Factory = Callable[..., SegmentationEngine]


def engine_names() -> list[str]:
    """Return the names of the installed engines, sorted; nothing of them is imported."""
    return sorted(_entries())


def load_engine(
    name: str | None = None, size: int = DEFAULT_SIZE, **options: object
) -> SegmentationEngine:
    """Return a new engine with an empty memory.

    Args:
        name: One of `engine_names()`; None takes the default.
        size: The short side that frames are worked at, px.
        options: What only this engine knows, as `checkpoint`; None leaves one out.

    Raises:
        UserError: There is no such engine, it has no such option or lacks one, a library that
            it needs is missing, or its package is broken.
    """
    name = name or DEFAULT_ENGINE
    factory = factory_of(name)
    given = {key: value for key, value in options.items() if value is not None}
    takes, needs = options_of(factory)
    if unknown := given.keys() - takes:
        raise UserError(
            "The engine {name} has no {options} to choose.", name=name, options=_listed(unknown)
        )
    if lacking := needs - given.keys():
        raise UserError(
            "The engine {name} needs a {options}: give its path after --{options}, or in the "
            "window under Propagate > Engine.",
            name=name,
            options=_listed(lacking),
        )
    try:
        engine = factory(size=size, **given)
    except UserError:
        raise
    except Exception as error:
        if package_of(name) == _OURS:
            raise
        log.exception("the engine %s could not be made", name)
        raise _broken(name, error) from error
    if not isinstance(engine, SegmentationEngine):
        raise _broken(name, f"{type(engine).__name__} lacks verbs of an engine")
    return engine


def load_settled(
    name: str | None = None, size: int = DEFAULT_SIZE, **options: object
) -> SegmentationEngine:
    """Return an engine as `load_engine` does, and as quick as it can be on this machine.

    What is found out for that is kept; the first time it may take half a minute. For commands and
    scripts: whoever looks at a window shall not wait.
    """
    engine = load_engine(name, size, **options)
    if isinstance(engine, SettlingEngine):
        engine.settle()
    return engine


def factory_of(name: str) -> Factory:
    """Return what makes an engine; its package is imported.

    Raises:
        UserError: There is no such engine, or it cannot be imported.
    """
    entries = _entries()
    if not entries:
        raise UserError("No engine is installed: run `pip install -e .` in the checkout.")
    if name not in entries:
        raise UserError(
            "There is no engine {name}: choose one of {names}.", name=name, names=_listed(entries)
        )
    try:
        factory = entries[name].load()
        signature(factory)
    except ModuleNotFoundError as error:
        raise UserError(
            "The engine {name} needs the Python package {package}: install it with pip.",
            name=name,
            package=error.name,
        ) from error
    except Exception as error:  # a package of unknown origin fails in more ways than can be listed
        raise _broken(name, error) from error
    return factory


def options_of(factory: Factory) -> tuple[set[str], set[str]]:
    """Return the options that a factory takes beside the size, and those that it needs."""
    known = signature(factory).parameters
    takes = {key for key in known if key != "size"}
    return takes, {key for key in takes if known[key].default is Parameter.empty}


def package_of(name: str) -> str:
    """Return the name of the distribution that brings an engine."""
    entry = _entries().get(name)
    return entry.dist.name if entry is not None and entry.dist is not None else ""


def _entries() -> dict[str, EntryPoint]:
    """Return the entry points by name; a package whose metadata is damaged brings none."""
    entries: dict[str, EntryPoint] = {}
    for distribution in distributions():
        try:
            for entry in distribution.entry_points.select(group=GROUP):
                entries.setdefault(entry.name, entry)
        except Exception:  # and must not take the others along
            log.warning("a package has damaged entry points", exc_info=True)
    return entries


def _broken(name: str, reason: object) -> UserError:
    kind = f"{type(reason).__name__}: " if isinstance(reason, Exception) else ""
    return UserError(
        "The engine {name} of the package {package} is broken ({reason}): update or remove that "
        "package, or choose another engine.",
        name=name,
        package=package_of(name),
        reason=f"{kind}{reason}",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
