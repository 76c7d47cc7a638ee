"""Memory that runs short: how to know it, and which smaller size to go on with.

For: the worker. Plain Python.
"""

SIZES = (480, 384, 288, 192)  # short sides to step down through when memory runs short
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "insufficient mem")


def smaller_than(size: int) -> int | None:
    """Return the next smaller short side to work at; None at the smallest."""
    return next((each for each in SIZES if each < size), None)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that there is no memory left."""
    if isinstance(error, MemoryError):
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)
