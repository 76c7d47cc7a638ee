"""The review states of two projects of one video, made one.

For: `merging_projects`. Knows review spans; no files.

Frames of which only one project says something have that. Where both say something else, that is
a conflict, and stands until a person decides it.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from vos_annotator.core.edits import ReviewSpan, ReviewState
from vos_annotator.core.reviews import Reviews


@dataclass(frozen=True)
class ReviewPair:
    """What two projects say of the same frames.

    Attributes:
        ours, theirs: Spans of the same frames.
    """

    ours: ReviewSpan
    theirs: ReviewSpan

    @property
    def is_conflict(self) -> bool:
        """Whether both say something, and not the same."""
        says = self.ours.state, self.theirs.state
        same = (self.ours.state, self.ours.note) == (self.theirs.state, self.theirs.note)
        return not same and ReviewState.TO_DO not in says

    def merged(self, prefers_second: bool) -> ReviewSpan:
        """Return what both come to; the preference counts for a conflict alone."""
        if self.is_conflict:
            return self.theirs if prefers_second else self.ours
        return self.theirs if self.ours.state is ReviewState.TO_DO else self.ours


def review_pairs(first: Reviews, second: Reviews) -> Iterator[ReviewPair]:
    """Give what two projects say, frames of which both say one thing each together."""
    starts = sorted({each.first for each in (*first.spans, *second.spans)})
    end = first.spans[-1].last
    for start, after in zip(starts, (*starts[1:], end + 1), strict=True):
        (ours,), (theirs,) = first.within(start, after - 1), second.within(start, after - 1)
        yield ReviewPair(ours, theirs)


def merged_reviews(
    first: Reviews, second: Reviews, of_second: Container[int]
) -> tuple[ReviewSpan, ...]:
    """Return the spans of both; `of_second` has the first frames of conflicts that it decides."""
    return tuple(pair.merged(pair.ours.first in of_second) for pair in review_pairs(first, second))
