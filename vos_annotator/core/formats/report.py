"""What an export did, in numbers that can be checked against its folder.

For: whoever exports. No files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from vos_annotator.core.translation import decimal, size_text, tr, tr_many

_SHOWN = 20  # runs of frames that are named


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did."""

    name: str
    annotations: Path  # the folder or file of the masks
    frame_count: int
    frames_done: int
    written: int  # files
    skipped: int  # files which already held exactly this
    frames_without_masks: tuple[int, ...]
    objects: tuple[int, ...]
    size: int  # bytes of all the files, written or skipped
    manifest: Path | None = None  # of a complete export
    kept: float | None = None  # share of the objects' pixels that reads back, 0..1

    @property
    def is_complete(self) -> bool:
        """Whether every frame is there; False after a cancelled export."""
        return self.frames_done == self.frame_count

    def __str__(self) -> str:
        parts = [
            tr(
                "{name}: {done} of {count} frames, {objects}, {size}",
                name=self.name,
                done=self.frames_done,
                count=self.frame_count,
                objects=tr_many("{count} object", "{count} objects", len(self.objects)),
                size=size_text(self.size),
            ),
            ", ".join(
                (
                    tr_many(
                        "{count} file written and read back",
                        "{count} files written and read back",
                        self.written,
                    ),
                    tr_many(
                        "{count} was already there", "{count} were already there", self.skipped
                    ),
                )
            ),
        ]
        if self.kept == 1:
            parts.append(tr("every pixel of the masks reads back"))
        elif self.kept is not None:
            most = min(self.kept, 0.9999)  # what is not all is not called all
            share = decimal(100 * most, 2) + "%"
            parts.append(tr("{share} of the masks' pixels read back", share=share))
        if self.frames_without_masks:
            frames = ranges(self.frames_without_masks)
            parts.append(
                tr_many(
                    "no masks on frame {frames}",
                    "no masks on frames {frames}",
                    len(self.frames_without_masks),
                    frames=frames,
                )
            )
        if not self.is_complete:
            parts.append(tr("stopped: export again to go on from here"))
        return "; ".join(parts)


def ranges(numbers: Sequence[int]) -> str:
    """Return (0, 1, 2, 7) as "0-2, 7"; of many runs the first, for a sentence."""
    groups = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    runs = [[number for _, number in group] for _, group in groups]
    words = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return ", ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
