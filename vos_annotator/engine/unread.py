"""What is said of frames that a pass went over because they cannot be decoded.

For: the bridge, and runs without a window. Words only.
"""

from collections.abc import Collection, Iterator, Mapping

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr_many


class PassedOver(UserError):
    """Everything was computed but frames that cannot be decoded."""

    def __init__(self, unread: Mapping[int, str], references: Collection[int]) -> None:
        Exception.__init__(self, said_of(unread, references))  # it is translated already


def said_of(unread: Mapping[int, str], references: Collection[int]) -> str:
    """Return how many frames were passed over, and why the first of them was.

    Args:
        unread: frame -> the sentence of the video that says what is wrong with it; not empty.
        references: Those among them are told of apart: they have masks, which nothing went by.
    """
    return " ".join(_sentences(unread, references))


def _sentences(unread: Mapping[int, str], references: Collection[int]) -> Iterator[str]:
    drawn = sorted(frame for frame in unread if frame in references)
    found = sorted(frame for frame in unread if frame not in references)
    if found:
        yield tr_many(
            "{count} frame was passed over and has no new masks: {why}",
            "{count} frames were passed over and have no new masks. The first: {why}",
            len(found),
            why=unread[found[0]],
        )
    if drawn:
        yield tr_many(
            "{count} reference was left out, as its frame cannot be decoded: {why}",
            "{count} references were left out, as their frames cannot be decoded. The first: {why}",
            len(drawn),
            why=unread[drawn[0]],
        )
