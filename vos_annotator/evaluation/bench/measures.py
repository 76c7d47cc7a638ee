"""What can be measured, by name, in the order of the table.

For: the command. A measure is a function that is given a `Setting` and returns an `Outcome`;
to add one, write a module and a row here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vos_annotator.evaluation.bench import (
    export,
    length,
    references,
    reopening,
    runtimes,
    seeking,
    stages,
    window,
    worker,
)
from vos_annotator.evaluation.bench.outcome import Outcome
from vos_annotator.evaluation.bench.setting import Setting


@dataclass(frozen=True)
class Measure:
    """A name to ask for it by, what it tells in a few words, and what measures it."""

    name: str
    summary: str
    measure: Callable[[Setting], Outcome]


MEASURES = {
    each.name: each
    for each in (
        Measure("stages", "ms a frame by stage, size and number of objects", stages.measure),
        Measure("runtimes", "ms a frame by what runs the network", runtimes.measure),
        Measure("worker", "ms a frame from file to PNG, all threads at work", worker.measure),
        Measure("references", "a frame with few and many references", references.measure),
        Measure("reopening", "until references are in memory again", reopening.measure),
        Measure("length", "time and memory along a long clip", length.measure),
        Measure("video", "opening clips, looking here and there in them", seeking.measure),
        Measure("export", "masks and pictures written a second", export.measure),
        Measure("start", "until the window is up", window.measure_start),
        Measure("strokes", "from a move of the mouse to its pixels", window.measure_strokes),
        Measure("gaps", "how long the window does not answer", window.measure_gaps),
    )
}
