"""What an engine remembered of references, kept beside a project from one session to the next.

For: the worker, which need not look at hundreds of references again when a project is opened.
Knows files and references; of what is kept only that it is bytes.

A file is named after all that its content follows from: the engine's mark (its weights and its
way of computing), the video, the frame and the label map. So what is found is what would be
computed, and what has changed is not found. Each file begins with a checksum of the rest: what was
cut off or damaged counts for nothing. The folder may be deleted at any time.

Thread rule: belongs to the worker's thread.
"""

import hashlib
import logging
import os
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

from vos_annotator.engine.commands import SetReference

log = logging.getLogger(__name__)

LIMIT = 4 << 30  # bytes on the shelf,
SPARE = 2 << 30  # and bytes that are left to others on the disk
_MARKS = 4  # whose memory is kept: the present engine and the one before, each at two sizes
_NAME, _DIGEST = 16, 4  # bytes
_SUFFIX = ".memory"
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# Computed again when it is deleted.\n"


def shelf_folder(project: Path) -> Path:
    """Return where the shelf of a project is."""
    return project.with_name(project.name + _SUFFIX)


class MemoryShelf:
    """The shelf of one project. Nothing it does fails: a disk that is full keeps nothing."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Use a folder, which is made when there is something to keep.

        Args:
            folder: Nobody else's.
            fingerprint: The video's.
        """
        self._folder, self._fingerprint = folder, fingerprint
        self._size: int | None = None  # bytes; None until somebody looked

    def get(self, mark: str, reference: SetReference) -> bytes | None:
        """Return what was kept for a reference by an engine of that mark, if it is whole."""
        try:
            data = self._path(mark, reference).read_bytes()
        except OSError:
            return None
        content = data[_DIGEST:]
        return content if _digest(content) == data[:_DIGEST] else None

    def put(self, mark: str, reference: SetReference, content: bytes) -> None:
        """Keep what an engine remembers of a reference, in place of older ones of its frame."""
        path = self._path(mark, reference)
        try:
            if not path.parent.is_dir():
                self._begin(path.parent)
            self._drop(path)
            data = _digest(content) + content
            if self._is_room_for(len(data)):
                part = path.with_suffix(".part")
                try:
                    part.write_bytes(data)
                    os.replace(part, path)
                finally:
                    part.unlink(missing_ok=True)  # of a file that the disk did not take whole
                self._size += len(data)
        except OSError as error:
            log.info("nothing is kept of frame %d: %s", reference.frame, error)

    def _path(self, mark: str, reference: SetReference) -> Path:
        hidden = ",".join(map(str, sorted(reference.hidden)))
        known = hashlib.blake2b(f"{self._fingerprint} {hidden} ".encode(), digest_size=_NAME)
        known.update(reference.png)
        return self._folder / mark / f"{reference.frame}-{known.hexdigest()}"

    def _begin(self, folder: Path) -> None:
        """Make the folder of a mark; those of engines before the last one go."""
        folder.mkdir(parents=True)
        (self._folder / "CACHEDIR.TAG").write_bytes(_TAG)
        others = [each for each in self._folder.iterdir() if each.is_dir() and each != folder]
        for old in sorted(others, key=lambda each: each.stat().st_mtime)[: 1 - _MARKS]:
            shutil.rmtree(old, ignore_errors=True)
        self._size = None

    def _drop(self, path: Path) -> None:
        """Drop what is kept of the frame that `path` is of."""
        for old in path.parent.glob(f"{path.name.partition('-')[0]}-*"):
            size = old.stat().st_size
            old.unlink()
            if self._size is not None:
                self._size -= size

    def _is_room_for(self, size: int) -> bool:
        if self._size is None:
            self._size = 0
            for file in self._folder.glob("*/*"):
                with suppress(OSError):
                    self._size += file.stat().st_size
        free = shutil.disk_usage(self._folder).free
        return self._size + size <= LIMIT and free - size >= SPARE


def _digest(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_DIGEST, "little")
