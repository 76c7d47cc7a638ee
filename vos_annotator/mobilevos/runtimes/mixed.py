"""A runtime of two: pictures are looked at in bfloat16, masks and values made in 8-bit integers.

For: `choice`, on processors that have instructions for both.
"""

from vos_annotator.mobilevos.runtimes.runtime import Runtime


class MixedRuntime:
    """Runs what sees the picture alone by one runtime, and what sees objects by another."""

    def __init__(self, pictures: Runtime, objects: Runtime) -> None:
        self.name = objects.name
        self.look, self.for_values = pictures.look, pictures.for_values
        self.for_masks, self.memorize = objects.for_masks, objects.memorize
        self.decode = objects.decode
