"""An engine that runs in a process of its own: loading and running it never holds this one up.

For: the window, which hands `load_remote` to its worker. Knows the engine protocol and processes.

It does what the engine there does, to the byte, and nothing else: it has the verbs that that one
has. If the process ends, whatever is asked fails with `EngineDied`, and another one has to be
loaded and taught; the window loses nothing by it. See `engine.serving` for the other side.
"""

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.memory_budget import BUDGET, REFERENCES
from vos_annotator.core.translation import language, marked
from vos_annotator.core.video import Image
from vos_annotator.engine.catalogue import EngineFacts
from vos_annotator.engine.processes import Child
from vos_annotator.engine.protocol import Reference, Segmentation
from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE
from vos_annotator.engine.serving import OURS
from vos_annotator.engine.talk import Gone

log = logging.getLogger(__name__)

_SERVING = "vos_annotator.engine.serving"
_SAME = "same"  # picture as before


class EngineDied(UserError):
    """The process of an engine has ended.

    Attributes:
        how: In a word.
    """

    def __init__(self, how: str) -> None:
        super().__init__(
            marked(
                "The engine's process ended ({how}): nothing is lost, and it is started again when "
                "it is needed. If memory is short, close other programs."
            ),
            how=how,
        )
        self.how = how


class RemoteEngine:
    """The four verbs; `load_remote` adds those that the engine has besides.

    Belongs to the thread that loaded it.

    Attributes:
        name, device, provenance: The engine's.
        has_ended: Whether its process has.
        kind, most, weight, size: As of `memory_budget.Cache`: what it remembers there.
    """

    kind, most, weight = REFERENCES, None, 1.0

    def __init__(self, child: Child, facts: dict[str, Any]) -> None:
        """Take a process that has loaded an engine, and what that says of itself."""
        self._child, self.has_ended, self.size = child, False, 0
        self._shown: Image | None = None  # the picture that the process has
        self._allowed: int | None = None  # what caches there may take, as it knows
        self._take(facts)
        BUDGET.add(self)

    def trim(self) -> None:
        """Leave it to the process, which is told with the next frame."""

    def close(self) -> None:
        """End the process."""
        self.has_ended = True
        self._child.end()

    def memorize(self, frame: int, image: Image, label_map: LabelMap) -> None:
        """See `SegmentationEngine`."""
        self._ask("memorize", frame, self._picture(image), label_map)

    def forget(self, frame: int) -> None:
        """See `SegmentationEngine`."""
        self._ask("forget", frame)

    def begin_pass(self) -> None:
        """See `SegmentationEngine`."""
        self._ask("begin_pass")

    def segment(self, frame: int, image: Image, absent: Collection[int] = ()) -> Segmentation:
        """See `SegmentationEngine`."""
        ids, logits, shape, is_carried, at_most = self._ask(
            "segment", frame, self._picture(image), tuple(absent)
        )
        return Segmentation(tuple(ids), logits, tuple(shape), is_carried, at_most)

    def _take(self, facts: dict[str, Any]) -> None:
        self.name, self.device, self.provenance = (
            facts[each] for each in ("name", "device", "provenance")
        )
        if facts["memory_mark"] is not None:
            self.memory_mark = facts["memory_mark"]

    def _picture(self, image: Image) -> Image | str:
        """Return what stands for a picture: nobody sends it twice who may not write it."""
        if image is self._shown:
            return _SAME
        self._shown = None if image.flags.writeable else image
        return image

    def _ask(self, verb: str, *given: object, **answers: Callable[..., Any]) -> Any:
        try:
            if self._allowed != BUDGET.allowed:
                self._allowed = BUDGET.allowed
                self._child.talk.ask("allow", self._allowed)
            found = self._child.talk.ask(verb, *given, answers=answers)
        except Gone:
            self.has_ended = True
            raise _died(self._child) from None
        self.size = self._child.talk.aside
        return found


class _Scribble(RemoteEngine):
    def scribble(
        self,
        frame: int,
        image: Image,
        strokes: NDArray,
        current: NDArray | None = None,
        object_id: int | None = None,
        others: NDArray | None = None,
    ) -> NDArray:
        asked = strokes, current, object_id, others
        return self._ask("scribble", frame, self._picture(image), *asked)


class _Denying(RemoteEngine):
    def deny(self, frame: int, image: Image | None, ids: Collection[int]) -> None:
        picture = None if image is None else self._picture(image)
        self._ask("deny", frame, picture, tuple(ids))


class _Learning(RemoteEngine):
    def learn(
        self, references: Iterable[Reference], cancelled: Callable[[], bool] = lambda: False
    ) -> bool:
        waiting = iter(references)
        return self._ask(
            "learn", next_reference=lambda: next(waiting, None), is_cancelled=cancelled
        )

    def unlearn(self) -> None:
        self._ask("unlearn")


class _Recalling(RemoteEngine):
    def remembered(self, frame: int) -> bytes:
        return self._ask("remembered", frame)

    def recall(self, frame: int, content: bytes) -> bool:
        return self._ask("recall", frame, content)


class _Settling(RemoteEngine):
    def while_idle(self) -> None:
        self._ask("while_idle")

    def settle(self) -> None:
        self._take(self._ask("settle"))


class _Refining(RemoteEngine):
    def refine(
        self,
        frame: int,
        image: Image,
        label_map: LabelMap,
        reference: Callable[[int], tuple[Image, LabelMap]],
    ) -> LabelMap:
        return self._ask("refine", frame, self._picture(image), label_map, reference=reference)


_ABLE = (_Scribble, _Denying, _Learning, _Recalling, _Settling, _Refining)


def load_remote(
    name: str | None = None, size: int = DEFAULT_SIZE, **options: object
) -> RemoteEngine:
    """Return what `load_engine` does, running in a process of its own; see there.

    Raises:
        EngineDied: The process ended.
    """
    child = Child(_SERVING)
    level = logging.getLogger(OURS).getEffectiveLevel()
    try:
        facts = child.talk.ask("load", language(), level, name or DEFAULT_ENGINE, size, options)
    except Gone:
        raise _died(child) from None
    except Exception:
        child.end()
        raise
    able = [each for each in _ABLE if each.__name__[1:] in facts["abilities"]]
    return type("RemoteEngine", (*able, RemoteEngine), {})(child, facts)


class RemoteCatalogue:
    """Describes engines as `facts_of` does; what their packages load is not loaded here.

    Belongs to one thread; another one may close it.
    """

    def __init__(self) -> None:
        self._child: Child | None = None
        self._is_closed = False

    def facts_of(self, name: str) -> EngineFacts:
        """Return what there is to know of an engine; see `catalogue.facts_of`."""
        child = self._child = self._child or Child(_SERVING)
        if self._is_closed:
            child.end()
        try:
            return EngineFacts(*child.talk.ask("describe", language(), name))
        except Gone:
            self._child = None
            return EngineFacts(name, "", problem=str(_died(child)))

    def close(self) -> None:
        """End the process; whoever waits for it waits no more."""
        self._is_closed = True
        if self._child is not None:
            self._child.end()


def _died(child: Child) -> EngineDied:
    level = logging.DEBUG if child.is_ended else logging.ERROR  # else nobody meant it to
    how, words = child.obituary()
    log.log(level, "the process of an engine ended (%s)\n%s", how, words)
    return EngineDied(how)
