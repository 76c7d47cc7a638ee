"""What an export wrote, so that it can be proved, taken up again, and told from files of others.

For: exports. Knows files; nothing of formats.

Beside the files of an export lies its *manifest*, `NAME.FORMAT.manifest.json`: the hash and the
size of each file, when each frame is shown, and who made the masks. While an export runs, a
*journal* has a line for each file that is about to be written, so that one that is killed goes
on, and knows its own files again. Both tell of which video the files are.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec

from vos_annotator import __version__
from vos_annotator.core.atomic import put_file, sweep, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import check_outputs

MANIFEST = ".manifest.json"
_HASH = "sha256"


class _File(msgspec.Struct):
    sha256: str
    bytes: int


class _Video(msgspec.Struct):
    name: str = ""
    fingerprint: str = ""


class _Manifest(msgspec.Struct):
    files: dict[str, _File]
    video: _Video = msgspec.field(default_factory=_Video)


class Ledger:
    """The files of one sequence in one format below a folder.

    May be used in several threads at once.

    Attributes:
        path: Of the manifest.
        may_replace: Whether files are replaced that no export left as they are.
    """

    def __init__(
        self,
        out: Path,
        name: str,
        format_name: str,
        fingerprint: str,
        may_replace: bool,
        video: Path | None = None,
    ) -> None:
        """Learn what earlier exports left.

        Args:
            out: The folder.
            name: Of the sequence.
            format_name: Of the format.
            fingerprint: Of the video that is exported; "" where nobody knows.
            may_replace: Whether files are replaced that no export left as they are.
            video: What is read meanwhile: a file, or a folder of pictures.
        """
        self.path = out / f"{name}.{format_name}{MANIFEST}"
        self._journal = out / f".{name}.{format_name}.journal"
        self._out, self._fingerprint, self.may_replace = out, fingerprint, may_replace
        self._video = video
        self._turn = threading.Lock()
        self._hashes: dict[str, set[str]] = {}  # path -> what an export may have left there
        manifest, lines = _manifest(self.path), _lines(self._journal)
        known = {manifest.video.fingerprint, *(video for path, video in lines if not path)}
        self._is_anothers = bool(fingerprint) and bool(known - {"", fingerprint})
        files = manifest.files.items()
        self._files = {path: file for path, file in files if _is_below(path)}
        for path, file in self._files.items():
            self._hashes.setdefault(path, set()).add(file.sha256)
        for path, digest in lines:
            if _is_below(path):
                self._hashes.setdefault(path, set()).add(digest)

    @property
    def clash(self) -> UserError | None:
        """The sentence for the export of another video that would be replaced; None if none is."""
        if self.may_replace or not self._is_anothers:
            return None
        return UserError(
            "{path} is of the export of another video, which was not replaced: choose another "
            "folder or name, or allow files to be replaced.",
            path=self.path,
        )

    def check(self, path: str) -> None:
        """Look whether a file may be written at all.

        Raises:
            UserError: It is the video, or would count as one of its pictures.
        """
        check_outputs([self._out / path], [self._video])

    def put(self, path: str, data: bytes) -> bool:
        """Make a file hold `data`; False if it already did.

        Raises:
            UserError: It cannot be written, or there is a file that somebody else changed.
        """
        self.check(path)
        file, digest = self._out / path, hashlib.sha256(data).hexdigest()
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            is_theirs = not self.may_replace and self.is_foreign(path, data)
        if is_theirs:
            raise self.refusal(path)
        self.expect(path, digest)
        with self._turn:
            self._files[path] = _File(digest, len(data))
        return put_file(file, data)

    def remove(self, path: str) -> None:
        """Take away a file that an export left.

        Raises:
            UserError: It cannot be taken away, or somebody else changed it.
        """
        file = self._out / path
        if not file.is_file():
            return
        if not self.may_replace and self.is_foreign(path):
            raise self.refusal(path)
        with writing(file):
            file.unlink()
        with self._turn:
            self._files.pop(path, None)

    def expect(self, path: str, digest: str) -> None:
        """Note what a file will hold, before it does."""
        with self._turn:
            if digest not in self._hashes.setdefault(path, set()):
                self._hashes[path].add(digest)
                self._note(f"{digest} {path}\n")

    def refusal(self, path: str) -> UserError:
        """Return the sentence for a file that is not replaced."""
        return UserError(
            "{path} is not as an export left it, and was not replaced: choose another folder "
            "or name, or allow files to be replaced.",
            path=self._out / path,
        )

    def is_foreign(self, path: str, data: bytes | None = None) -> bool:
        """Return whether a file is there that neither holds `data` nor what an export left."""
        file = self._out / path
        if not file.exists():
            return False
        if data is not None and file.is_file() and file.stat().st_size == len(data):
            there = file.read_bytes()
            if there == data:
                return False
        return hash_of(file) not in self._hashes.get(path, set())

    def changed(self) -> list[str]:
        """Return the files of earlier exports that are there and that somebody else changed."""
        return [path for path in self._files if self.is_foreign(path)]

    def note_whole(self, path: str, digest: str) -> None:
        """Note a file that was written by other means, and is there."""
        with self._turn:
            self._files[path] = _File(digest, (self._out / path).stat().st_size)

    def close(self, told: Mapping[str, object]) -> None:
        """Write the manifest of a complete export, with what else is `told` of it.

        Raises:
            UserError: It cannot be written.
        """
        with writing(self.path):
            files = {
                path: file
                for path, file in sorted(self._files.items())
                if (self._out / path).is_file()
            }
        content = {"tool": f"vos-annotator {__version__}", **told, "files": files}
        # Not by msgspec, which refuses names of files that are no UTF-8.
        text = json.dumps(msgspec.to_builtins(content), ensure_ascii=False, indent=1) + "\n"
        put_file(self.path, text.encode(errors="replace"))
        for folder in {(self._out / path).parent for path in files} | {self._out}:
            sweep(folder)
        with writing(self._journal):
            self._journal.unlink(missing_ok=True)

    def _note(self, line: str) -> None:
        with writing(self._journal), self._journal.open("a", encoding="utf-8") as journal:
            of = "" if journal.tell() else f"{self._fingerprint} \n"
            journal.write(of + line)


def hash_of(file: Path) -> str:
    """Return the hash of a file, as manifests have it; empty for what is no file."""
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, _HASH).hexdigest()


def _manifest(path: Path) -> _Manifest:
    """Return a manifest; an empty one where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return _Manifest({})  # then nothing counts as ours, and nothing is replaced


def _is_below(path: str) -> bool:
    """Return whether a path of a manifest stays in its folder."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not PurePosixPath(path).is_absolute()


def _lines(journal: Path) -> list[tuple[str, str]]:
    """Return path and hash of each line, "" and fingerprint of the first; the last may be cut."""
    try:
        text = journal.read_text("utf-8", errors="replace")
    except OSError:
        return []
    parts = (line.partition(" ") for line in text.split("\n")[:-1])
    return [(path, digest) for digest, _, path in parts]
