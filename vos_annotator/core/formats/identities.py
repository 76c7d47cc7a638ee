"""What objects are called in another's files, and which of our 255 numbers they get.

For: the readers of formats.
"""

import threading
from collections.abc import Hashable

from vos_annotator.core.errors import UserError
from vos_annotator.core.objects import MOST


class Identities:
    """Gives each thing of another's files a number of its own, the wanted one if it is free.

    May be asked in any thread. The same things asked for in the same order get the same numbers.
    """

    def __init__(self) -> None:
        self._ids: dict[Hashable, int] = {}
        self._taken: set[int] = set()
        self._turn = threading.Lock()

    def of(self, thing: Hashable, wanted: int | None = None) -> int:
        """Return the number of a thing.

        Raises:
            UserError: There are more than 255.
        """
        with self._turn:
            if thing not in self._ids:
                is_free = wanted in range(1, MOST + 1) and wanted not in self._taken
                self._ids[thing] = wanted if is_free else self._next()
                self._taken.add(self._ids[thing])
            return self._ids[thing]

    def _next(self) -> int:
        free = next((i for i in range(1, MOST + 1) if i not in self._taken), None)
        if free is None:
            raise UserError(
                "These masks have more than {most} objects: split them by clips.", most=MOST
            )
        return free
