"""All models of a folder: found, read once, kept as arrays.

For: the `render-clips` command. Knows the file system and `meshes`; no OpenGL.

Models are OBJ files, in folders or in zip archives (whatever the ending: furniture
libraries of Sweet Home 3D are zips too). Each is parsed once; its mesh, or why it
has none, is kept in the user's cache folder under a name made of where it lies, its size
and its date.
"""

import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import platformdirs

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.core.errors import UserError
from vos_annotator.rendering.meshes import (
    UNREADABLE,
    Mesh,
    UnusableModel,
    load_mesh,
    packed,
    read_model,
    thickness_of,
)

log = logging.getLogger(__name__)
_FORMAT = 4  # of the meshes kept; another number, and all models are read afresh
_THIN_SHARE = 0.2  # of the models count as thin


@dataclass(frozen=True)
class ModelFile:
    """An OBJ file on disk or in an archive.

    Attributes:
        path: The file, or the archive that holds it.
        member: Its name in the archive; None for a file.
    """

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    def kept_at(self) -> Path:
        """Return where its mesh is kept; another place when the file has changed."""
        state = self.path.stat()
        words = f"{_FORMAT} {self.path.resolve()} {self.member} {state.st_size} {state.st_mtime_ns}"
        folder = platformdirs.user_cache_path("vos-annotator", appauthor=False) / "meshes"
        return folder / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.npz"


@dataclass(frozen=True)
class Library:
    """Meshes that are ready to be drawn, in the order of their names.

    Attributes:
        paths: (M) of the kept meshes.
        thickness: (M) as `Mesh.thickness`.
    """

    paths: tuple[Path, ...]
    thickness: tuple[float, ...]

    @property
    def thin(self) -> tuple[int, ...]:
        """Numbers of the thinnest fifth: chairs, bicycles, lamps, plants."""
        order = np.argsort(self.thickness, kind="stable")
        return tuple(order[: max(1, round(len(order) * _THIN_SHARE))].tolist())

    @property
    def solid(self) -> tuple[int, ...]:
        """Numbers of the thicker half, behind which others can hide."""
        order = np.argsort(self.thickness, kind="stable")
        return tuple(order[len(order) // 2 :].tolist())

    def mesh(self, number: int) -> Mesh:
        """Return a mesh."""
        return load_mesh(self.paths[number])


def find_models(root: Path) -> list[ModelFile]:
    """Return the OBJ files of a folder, of the archives in it, or of one archive.

    Raises:
        UserError: There is none.
    """
    if not root.exists():
        raise UserError(f"There is no {root}: give a folder or a zip of OBJ models.")
    found: list[ModelFile] = []
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if path.suffix.lower() == ".obj":
            found.append(ModelFile(path))
        elif path.is_file() and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = sorted(n for n in archive.namelist() if n.lower().endswith(".obj"))
            found += [ModelFile(path, member) for member in members]
    if not found:
        raise UserError(f"{root} holds no OBJ models: give a folder or a zip that does.")
    return found


def prepare(model: ModelFile) -> tuple[Path, float] | str:
    """Keep a model's mesh; return where and its thickness, or why it cannot be used."""
    try:
        path = model.kept_at()
    except OSError as error:  # a link that leads nowhere
        return error.strerror or str(error)
    verdict = path.with_suffix(".txt")
    with suppress(*UNREADABLE):  # what is damaged is read afresh
        return path, thickness_of(path)
    if verdict.is_file():
        return verdict.read_text("utf-8")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        mesh = _read(model)
    except UnusableModel as error:
        put_file(verdict, str(error).encode())
        return str(error)
    put_file(path, packed(mesh))
    return path, mesh.thickness


def open_library(root: Path, each: Callable[..., Iterable] = map) -> Library:
    """Return the models of a folder; those that cannot be used are named in the log.

    Args:
        root: A folder or an archive.
        each: As the builtin `map`; that of a pool of processes reads in parallel.

    Raises:
        UserError: There are no models, or none can be used.
    """
    models = find_models(root)
    ready: list[tuple[Path, float]] = []
    for model, outcome in zip(models, each(prepare, models), strict=True):
        if isinstance(outcome, str):
            log.warning("%s is left out: %s", model.name, outcome)
        else:
            ready.append(outcome)
    if not ready:
        raise UserError(f"None of the {len(models)} models in {root} can be used: see above.")
    paths, thickness = zip(*ready, strict=True)
    return Library(paths, thickness)


def _read(model: ModelFile) -> Mesh:
    if model.member is None:
        return read_model(model.path)
    folder = PurePosixPath(model.member).parent
    try:
        with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(model.path) as archive:
            for name in archive.namelist():  # materials and pictures lie beside the model
                if PurePosixPath(name).is_relative_to(folder):
                    archive.extract(name, place)
            return read_model(Path(place) / model.member)
    except (OSError, zipfile.BadZipFile) as error:
        raise UnusableModel(str(error)) from error
