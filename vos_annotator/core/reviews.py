"""How far the review of a video is: a state for every frame, kept as spans.

For: the project, which applies edits and keeps the spans on disk; read by the window. Knows
edits; no files, no Qt.

A review says nothing about masks: no pass or export looks at it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from psygnal import Signal

from vos_annotator.core.edits import ReviewEdit, ReviewSpan, ReviewState


class Reviews:
    """The review states of all frames.

    Attributes:
        spans: All frames in order, as few spans as can be; neighbours differ in state or note.
        unsaved: Whether they changed; whoever keeps them on disk resets it.

    Events:
        changed(): Some frames have another state or note.
    """

    changed = Signal()

    def __init__(self, frame_count: int, known: Iterable[ReviewSpan] = ()) -> None:
        """Start with everything to do, but for what is `known`.

        Raises:
            ValueError: Known spans are not in order, or beyond the video.
        """
        self.spans = (ReviewSpan(0, frame_count - 1, ReviewState.TO_DO),)
        reached = 0
        for span in known:
            if span.first < reached:
                raise ValueError(f"two reviews of frame {span.first}")
            self.apply(ReviewEdit((span,)))
            reached = span.last + 1
        self.unsaved = False

    @property
    def said(self) -> tuple[ReviewSpan, ...]:
        """The spans of which a person has said something."""
        return tuple(each for each in self.spans if each.state is not ReviewState.TO_DO)

    def at(self, frame: int) -> ReviewSpan:
        """Return the span that a frame lies in."""
        return next(each for each in self.spans if frame <= each.last)

    def within(self, first: int, last: int) -> tuple[ReviewSpan, ...]:
        """Return what the spans say of the frames from `first` to `last`."""
        return tuple(
            replace(each, first=max(each.first, first), last=min(each.last, last))
            for each in self.spans
            if each.first <= last and each.last >= first
        )

    def apply(self, edit: ReviewEdit) -> ReviewEdit:
        """Take a person's word; return the edit that takes it back.

        Raises:
            ValueError: It is about frames beyond the video.
        """
        first, last, end = edit.spans[0].first, edit.spans[-1].last, self.spans[-1].last
        if last > end:
            raise ValueError(f"a review of frame {last}, where {end} is the last")
        inverse = ReviewEdit(self.within(first, last))
        before, after = self.within(0, first - 1), self.within(last + 1, end)
        self.spans = tuple(_joined((*before, *edit.spans, *after)))
        self.unsaved = True
        self.changed.emit()
        return inverse


def _joined(spans: Iterable[ReviewSpan]) -> Iterator[ReviewSpan]:
    """Give consecutive spans with those made one that say the same."""
    held: ReviewSpan | None = None
    for span in spans:
        if held is not None and (held.state, held.note) == (span.state, span.note):
            held = replace(held, last=span.last)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
