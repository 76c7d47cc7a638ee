"""Where the program's own files lie: models and resources.

For: everyone. Knows the file system only.

They are top-level folders of a checkout; a built wheel carries them inside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def models_folder() -> Path:
    """Return the folder of the checkpoints that come with the program."""
    return _find("models")


def resources_folder() -> Path:
    """Return the folder of icons, the theme and the demo clip."""
    return _find("resources")


def _find(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
