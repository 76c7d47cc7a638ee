"""Packages that bring engines, made and installed into a folder, for the tests of the plug."""

import subprocess
import sys
import zipfile
from pathlib import Path

EXAMPLE = Path(__file__).parent / "example" / "flow_engine.py"


def make_wheel(folder: Path, name: str, source: str, entry_points: str) -> Path:
    """Write a wheel with one module, called as the package, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": source,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{about}/entry_points.txt": entry_points,
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{about}/RECORD"))
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def install(wheel: Path, folder: Path) -> None:
    """Install a wheel into a folder, as pip does."""
    how = ("--quiet", "--no-index", "--no-deps", "--target", folder)
    subprocess.run([sys.executable, "-m", "pip", "install", *how, wheel], check=True)


def unpack(wheel: Path, folder: Path) -> None:
    """Lay a wheel out in a folder, broken or not: what pip may refuse, others may have done."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def entry(name: str, target: str) -> str:
    """Return the text of an entry_points.txt that brings one engine."""
    return f"[vos_annotator.engines]\n{name} = {target}\n"
