"""What is said of frames that a pass went over because they cannot be decoded.

For: the bridge, and runs without a window. Words only.
"""

from collections.abc import Mapping

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr_many


class PassedOver(UserError):
    """Everything was computed but frames that cannot be decoded."""

    def __init__(self, unread: Mapping[int, str]) -> None:
        Exception.__init__(self, said_of(unread))  # it is translated already


def said_of(unread: Mapping[int, str]) -> str:
    """Return how many frames were passed over, and why the first of them was.

    Args:
        unread: frame -> the sentence of the video that says what is wrong with it; not empty.
    """
    return tr_many(
        "{count} frame was passed over and has no new masks: {why}",
        "{count} frames were passed over and have no new masks. The first: {why}",
        len(unread),
        why=unread[min(unread)],
    )
