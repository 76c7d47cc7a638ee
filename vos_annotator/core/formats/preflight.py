"""What a person should know before an export: what is missing, unsure, in the way or too large.

For: the window's dialog and the command, which show it; nothing is changed. Knows annotations and
formats; no engines.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vos_annotator.core.annotations import Annotations
from vos_annotator.core.edits import Status
from vos_annotator.core.formats.exporting import trial_size
from vos_annotator.core.formats.format import Format, Options, Source
from vos_annotator.core.formats.ledger import Ledger
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.formats.sources import sequence_of
from vos_annotator.core.frame_state import FrameState
from vos_annotator.core.masks import decode_png
from vos_annotator.core.translation import size_text, tr, tr_many

UNSURE = 0.5  # confidence below which an engine itself thinks that a mask is rather wrong
_AGREES = 0.5  # overlap that an object has with itself a frame on, unless it moves very fast
_LEAST_PIXELS = 64  # smaller objects may well have moved off themselves
_MOST_PAIRS = 200  # of a reference and a neighbour that are compared
_TRIALS = 4  # frames that are encoded to tell the size
_MARGIN = 1.1  # of room, for what a mean of a few frames does not know


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a project's frames without their pixels; may be handed to any thread.

    Attributes:
        states: Of every frame that has masks.
        stale: Frames whose masks are older than a correction.
        references: In order.
        names: Of all objects that are listed, by id.
    """

    states: Mapping[int, FrameState]
    stale: frozenset[int]
    references: tuple[int, ...]
    names: Mapping[int, str]

    @classmethod
    def of(cls, annotations: Annotations, names: Mapping[int, str]) -> Facts:
        """Return what is known; for the thread that the annotations belong to."""
        known = annotations.statuses.nonzero()[0].tolist()
        is_stale = np.zeros(annotations.frame_count, bool)
        for object_id in names:
            is_stale |= annotations.staleness.frames(object_id)
        states = {
            frame: FrameState(
                annotations.status(frame),
                annotations.objects_at(frame),
                {i: c for i, c in annotations.confidence(frame).items() if i in names},
            )
            for frame in known
        }
        stale = frozenset(np.flatnonzero(is_stale).tolist())
        return cls(states, stale, annotations.references, names)

    def looked_at(self, frame_count: int) -> tuple[int, ...]:
        """Return the frames whose masks `preflight` decodes."""
        around = {frame for pair in self.pairs() for frame in pair}
        return tuple(sorted(around | set(_trials(range(frame_count)))))

    def pairs(self) -> Sequence[tuple[int, int]]:
        """Return references and neighbours that are compared, spread where there are too many."""
        pairs = [
            (frame, other)
            for frame in self.references
            for other in (frame - 1, frame + 1)
            if other in self.states
            and (other > frame or self.states[other].status is not Status.REFERENCE)
        ]
        return pairs[:: -(-len(pairs) // _MOST_PAIRS)] if pairs else pairs


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know.

    Attributes:
        text: A sentence.
        frames: Where to look.
        stops: Whether the export cannot succeed as it is.
    """

    text: str
    frames: tuple[int, ...] = ()
    stops: bool = False


def preflight(
    facts: Facts,
    source: Source,
    kind: Format,
    out: Path,
    name: str | None = None,
    options: Options | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """Return what there is to know before an export; the arguments are those of `export`.

    Raises:
        UserError: The options do not fit the video.
    """
    options = options or Options()
    sequence = sequence_of(source, name, options)
    every = range(source.video.frame_count)
    frames = tuple(every) if options.frames is None else tuple(sorted(set(options.frames)))
    findings = list(_of_states(facts, frames, options.objects))
    for pair in facts.pairs():
        if cancelled():
            break
        if set(pair) <= set(frames):
            findings += _disagreements(*pair, facts, source)
    findings += _of_room(source, kind, out, sequence.name, options, frames)
    return findings


def _of_states(
    facts: Facts, frames: tuple[int, ...], objects: frozenset[int] | None
) -> Iterator[Finding]:
    states = {frame: facts.states[frame] for frame in frames if frame in facts.states}
    if without := tuple(frame for frame in frames if frame not in states):
        text = tr_many(
            "No masks on frame {frames}.",
            "No masks on frames {frames}.",
            len(without),
            frames=ranges(without),
        )
        yield Finding(text, without)
    seen = {object_id for state in states.values() for object_id in state.ids}
    for object_id, name in facts.names.items():
        if object_id not in seen and (objects is None or object_id in objects):
            yield Finding(tr("{name} has no pixel on any frame.", name=name))
    unsure = tuple(
        frame
        for frame, state in states.items()
        if any(
            confidence < UNSURE and (objects is None or object_id in objects)
            for object_id, confidence in state.confidence.items()
        )
    )
    if unsure:
        text = tr_many(
            "The engine was unsure on frame {frames}.",
            "The engine was unsure on frames {frames}.",
            len(unsure),
            frames=ranges(unsure),
        )
        yield Finding(text, unsure)
    if stale := tuple(frame for frame in frames if frame in facts.stale):
        text = tr_many(
            "Frame {frames} is rough, or older than a correction: propagate.",
            "Frames {frames} are rough, or older than a correction: propagate.",
            len(stale),
            frames=ranges(stale),
        )
        yield Finding(text, stale)


def _disagreements(frame: int, other: int, facts: Facts, source: Source) -> Iterator[Finding]:
    pngs = source.mask_png(frame), source.mask_png(other)
    if None in pngs:
        return
    here, there = map(decode_png, pngs)
    for object_id in set(facts.states[frame].ids) | set(facts.states[other].ids):
        mine, theirs = here == object_id, there == object_id
        either = np.count_nonzero(mine | theirs)
        share = np.count_nonzero(mine & theirs) / max(either, 1)
        if share < _AGREES and either >= _LEAST_PIXELS:
            yield Finding(
                tr(
                    "{name} on reference {frame} and on frame {other} overlap by {share} only.",
                    name=facts.names.get(object_id, object_id),
                    frame=frame,
                    other=other,
                    share=f"{share:.0%}",
                ),
                (frame, other),
            )


def _of_room(
    source: Source,
    kind: Format,
    out: Path,
    name: str,
    options: Options,
    frames: tuple[int, ...],
) -> Iterator[Finding]:
    trials = _trials(frames)
    if trials:
        size = trial_size(source, kind, name, options, trials) / len(trials) * len(frames)
        place = next(each for each in (out, *out.absolute().parents) if each.is_dir())
        free = shutil.disk_usage(place).free
        figures = {"size": size_text(size), "free": size_text(free)}
        if size * _MARGIN > free:
            yield Finding(
                tr("It takes about {size}, and only {free} are free there.", **figures), stops=True
            )
        else:
            yield Finding(tr("It takes about {size}; {free} are free there.", **figures))
    ledger = Ledger(out, name, kind.name, source.video.fingerprint, options.replace)
    if ledger.clash is not None:
        yield Finding(str(ledger.clash), stops=True)
    changed = ledger.changed()
    if changed:
        yield Finding(
            tr_many(
                "{count} file there is not as an export left it, and is replaced only if you say "
                "so: {name}.",
                "{count} files there are not as an export left them, and are replaced only if you "
                "say so: {name} and others.",
                len(changed),
                name=changed[0],
            ),
            stops=not options.replace,
        )


def _trials(frames: Sequence[int]) -> tuple[int, ...]:
    """Return a few frames, evenly spread."""
    step = max(1, len(frames) // _TRIALS)
    return tuple(frames[step // 2 :: step][:_TRIALS])
