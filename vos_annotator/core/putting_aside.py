"""What is put aside in the temporary folder for a while, and a disk that does not take it.

For: all that has more than memory is to hold. Standard library only.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from vos_annotator.core.errors import UserError


@contextmanager
def putting_aside() -> Iterator[None]:
    """Turn what the file system objects to, while something is put aside, into one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            "The temporary folder {folder} cannot take what is put aside there for a while "
            "({reason}): free some space and try again.",
            folder=tempfile.gettempdir(),
            reason=error.strerror or error,
        ) from error
