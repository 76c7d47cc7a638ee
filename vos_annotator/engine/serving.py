"""The other side of `engine.remote`: one engine, in a process that does nothing else.

    python -m vos_annotator.engine.serving

For: `RemoteEngine`, which starts it and asks. Knows engines by name, and the conversation.
"""

import gc
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any

from numpy.typing import NDArray

from vos_annotator.core.masks import LabelMap
from vos_annotator.core.memory_budget import BUDGET, REFERENCES
from vos_annotator.core.translation import use_language
from vos_annotator.core.video import Image
from vos_annotator.engine import protocol
from vos_annotator.engine.catalogue import facts_of
from vos_annotator.engine.processes import talking
from vos_annotator.engine.protocol import Reference, SegmentationEngine
from vos_annotator.engine.registry import load_engine
from vos_annotator.engine.talk import Answers, Gone, Talk

OURS = "vos_annotator"  # logger of the program
ABILITIES = ("Scribble", "Denying", "Learning", "Recalling", "Settling", "Refining")
_PASSED_ON = ("forget", "begin_pass", "unlearn", "remembered", "recall", "while_idle")


class Serving:
    """Answers what is asked of one engine.

    Attributes:
        answers: What can be asked.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._engine: SegmentationEngine | None = None
        self._shown: Image | None = None  # the last picture that came
        own = (self.load, self.describe, self.allow, self.memorize, self.segment, self.scribble)
        own += (self.deny, self.learn, self.settle, self.refine)
        self.answers: Answers = {each.__name__: each for each in own}
        self.answers |= {verb: self._passing_on(verb) for verb in _PASSED_ON}

    def load(self, language: str, level: int, name: str, size: int, options: dict) -> dict:
        """Load the engine; return what it is and can."""
        use_language(language)
        logging.getLogger(OURS).setLevel(level)
        self._engine = load_engine(name, size, **options)
        gc.collect()
        gc.freeze()  # to look through what stays stops a pass for 140 ms
        return self._facts()

    def describe(self, language: str, name: str) -> list:
        """Return what there is to say of an engine that may be loaded; see `facts_of`."""
        use_language(language)
        facts = facts_of(name)
        needs = facts.takes_checkpoint, facts.needs_checkpoint
        return [facts.name, facts.package, facts.summary, *needs, facts.problem]

    def allow(self, size: int) -> None:
        """Let caches take so many bytes."""
        BUDGET.allow(size)

    def memorize(self, frame: int, image: Image | str, label_map: LabelMap) -> None:
        """See `SegmentationEngine`."""
        self._engine.memorize(frame, self._picture(image), label_map)

    def segment(self, frame: int, image: Image | str, absent: Collection[int]) -> list:
        """See `SegmentationEngine`."""
        found = self._engine.segment(frame, self._picture(image), absent)
        return [found.ids, found.logits, found.shape, found.is_carried, dict(found.at_most)]

    def scribble(
        self,
        frame: int,
        image: Image | str,
        strokes: NDArray,
        current: NDArray | None,
        object_id: int | None,
        others: NDArray | None,
    ) -> NDArray:
        """See `ScribbleEngine`."""
        asked = strokes, current, object_id, others
        return self._engine.scribble(frame, self._picture(image), *asked)

    def deny(self, frame: int, image: Image | str | None, ids: Collection[int]) -> None:
        """See `DenyingEngine`."""
        self._engine.deny(frame, None if image is None else self._picture(image), ids)

    def learn(self) -> bool:
        """See `LearningEngine`; the references are asked for, and whether to go on."""
        return self._engine.learn(self._references(), lambda: self._ask("is_cancelled"))

    def settle(self) -> dict:
        """See `SettlingEngine`; return what it is now."""
        self._engine.settle()
        return self._facts()

    def refine(self, frame: int, image: Image | str, label_map: LabelMap) -> LabelMap:
        """See `RefiningEngine`; references are asked for."""
        picture = self._picture(image)
        return self._engine.refine(
            frame, picture, label_map, lambda frame: tuple(self._ask("reference", frame))
        )

    def _facts(self) -> dict:
        engine = self._engine
        kinds = {each: getattr(protocol, f"{each}Engine") for each in ABILITIES}
        abilities = [each for each, kind in kinds.items() if isinstance(engine, kind)]
        return {
            "name": engine.name,
            "device": str(getattr(engine, "device", "cpu")),
            "provenance": dict(getattr(engine, "provenance", {})),
            "memory_mark": engine.memory_mark if "Recalling" in abilities else None,
            "abilities": abilities,
        }

    def _passing_on(self, verb: str) -> Callable[..., Any]:
        return lambda *given: getattr(self._engine, verb)(*given)

    def _picture(self, image: Image | str) -> Image:
        """Return a picture that came, or that is the last one again."""
        if not isinstance(image, str):
            image.flags.writeable = False
            self._shown = image
        return self._shown

    def _references(self) -> Iterator[Reference]:
        while (reference := self._ask("next_reference")) is not None:
            yield tuple(reference)

    def _ask(self, verb: str, *given: object) -> Any:
        return self._talk.ask(verb, *given, answers=self.answers)


class _Passed(logging.Handler):
    """Has what is logged here logged where the window logs."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._talk.log(record.levelno, record.name, self.format(record))
        except Gone:
            pass  # nobody is there any more to whom it matters
        except Exception:
            self.handleError(record)


def main() -> None:
    """Serve until the one who started this has gone."""
    talk = talking(lambda: BUDGET.used()[REFERENCES])
    logging.getLogger(OURS).addHandler(_Passed(talk))
    talk.serve(Serving(talk).answers)


if __name__ == "__main__":
    main()
