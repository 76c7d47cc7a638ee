"""The `desktop` command: an entry in the menus of a Linux desktop, and projects opened from it.

For: the command line. Knows the folders that freedesktop.org's standards name; nothing of Qt.

Everything goes to the person's own data folder ($XDG_DATA_HOME, ~/.local/share), under names of
this program's, and `remove` takes exactly those files away:

    applications/vos-annotator.desktop              the entry
    icons/hicolor/scalable/apps/vos-annotator.svg   its icon
    mime/packages/vos-annotator.xml                 that .vos files are projects
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from vos_annotator.core.atomic import put_file
from vos_annotator.core.errors import UserError
from vos_annotator.paths import resources_folder

_NAME = "vos-annotator"
_MIME = "application/x-vos-project"
_ENTRY = """[Desktop Entry]
Type=Application
Version=1.5
Name=MobileVOS Annotator
GenericName=Video mask annotator
GenericName[de]=Masken für Videos
Comment=Paint an object on one frame of a video and carry its mask through all others
Comment[de]=Ein Objekt auf einem Bild malen und seine Maske durch das ganze Video tragen
Exec={command} gui %f
Icon={name}
Terminal=false
Categories=Graphics;AudioVideo;Video;
MimeType={mime};video/mp4;video/x-matroska;video/quicktime;video/webm;
StartupNotify=true
"""
_TYPE = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{mime}">
    <comment>video mask project</comment>
    <comment xml:lang="de">Projekt mit Videomasken</comment>
    <glob pattern="*.vos" weight="60"/>
    <icon name="{name}"/>
  </mime-type>
</mime-info>
"""
# What brings the desktop's own tables up to date, where it is installed; desktops that watch
# their folders need none of them.
_REFRESHERS = (
    ("update-desktop-database", "applications"),
    ("update-mime-database", "mime"),
    ("gtk-update-icon-cache", "-q", "-t", "-f", "icons/hicolor"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `desktop`."""
    parser.add_argument("what", choices=("install", "remove"), help="put it there, or take it away")


def run(args: argparse.Namespace) -> int:
    """Put the entry, its icon and the type of projects in place, or take them away; 0.

    Raises:
        UserError: This is no Linux, or something cannot be written.
    """
    if not sys.platform.startswith("linux"):
        raise UserError("A desktop entry is a thing of Linux: pin the program by hand here.")
    root = _data_folder()
    files = _files(root)
    changed = []
    for path, data in files.items():
        if args.what == "install":
            if not path.parent.is_dir():
                _make_folder(path.parent)
            changed += [path] if put_file(path, data) else []
        elif path.is_file():
            _remove(path)
            changed.append(path)
    if changed:
        _refresh(root)
    done = "written" if args.what == "install" else "removed"
    print(*(f"{done}: {path}" for path in changed), sep="\n" if changed else "", end="")
    print("" if changed else f"Nothing to do: all was {done} before.")
    return 0


def _data_folder() -> Path:
    given = os.environ.get("XDG_DATA_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"


def _files(root: Path) -> dict[Path, bytes]:
    entry = _ENTRY.format(command=_command(), name=_NAME, mime=_MIME)
    return {
        root / "applications" / f"{_NAME}.desktop": entry.encode(),
        root / "icons" / "hicolor" / "scalable" / "apps" / f"{_NAME}.svg": (
            resources_folder() / "app.svg"
        ).read_bytes(),
        root / "mime" / "packages" / f"{_NAME}.xml": _TYPE.format(mime=_MIME, name=_NAME).encode(),
    }


def _command() -> str:
    """Return what starts this very installation, as an entry spells a command."""
    script = Path(sys.executable).with_name(_NAME)
    if getattr(sys, "frozen", False):
        words = [sys.executable]
    elif script.is_file():
        words = [str(script)]
    else:
        words = [sys.executable, "-m", "vos_annotator"]
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    """Return a word quoted twice over: once for Exec, once for the file that it stands in."""
    for special in '\\"`$':
        word = word.replace(special, f"\\{special}")
    word = word.replace("\\", "\\\\").replace("%", "%%")
    return f'"{word}"'


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be changed ({error.strerror}): change its permissions.")


def _refresh(root: Path) -> None:
    for program, *words in _REFRESHERS:
        if shutil.which(program) and (root / words[-1]).is_dir():
            command = [program, *words[:-1], str(root / words[-1])]
            subprocess.run(command, capture_output=True, check=False)
