"""What people say, as the engine should know it: sent once, and again where it changed.

For: the bridge. Knows annotations and the worker's commands.
"""

from vos_annotator.core.annotations import Annotations
from vos_annotator.engine.absences import NOWHERE, Absences
from vos_annotator.engine.commands import Load, SetAbsences, SetReference
from vos_annotator.engine.landing import reference_of
from vos_annotator.ui.inference import Inference


class ReferenceFeed:
    """Keeps the engine's memory in step with the references and absences."""

    def __init__(self, annotations: Annotations, inference: Inference) -> None:
        self._annotations, self._inference = annotations, inference
        self._sent: dict[int, SetReference] = {}
        self._sent_absences = NOWHERE

    def start(self) -> None:
        """Start the thread and tell it everything; the second time nothing happens."""
        if self._inference.has_started:
            return
        self._inference.start()
        self._inference.submit(Load())
        for frame in self._annotations.references:
            self.send(frame)
        self.send_absences()

    def send(self, frame: int) -> None:
        """Tell what a frame is by now, unless the engine knows."""
        reference = reference_of(self._annotations, frame)
        if reference != self._sent.get(frame, SetReference(frame, None)):
            self._inference.submit(reference)
            self._sent[frame] = reference

    def send_absences(self) -> None:
        """Tell where objects are absent by now, unless the engine knows."""
        absences = Absences.of(self._annotations.absences)
        if absences != self._sent_absences:
            self._inference.submit(SetAbsences(absences))
            self._sent_absences = absences
