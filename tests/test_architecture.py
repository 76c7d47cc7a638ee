"""Which part of the program may know which: read off the imports, and off what they load."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vos_annotator

PACKAGE = Path(vos_annotator.__file__).parent
NAME = PACKAGE.name

# What the modules of a folder may import of ours, beside their own folder and `paths`.
MAY_IMPORT = {
    "core": set(),
    "engine": {"core"},
    "mobilevos": {"core", "engine"},
    "engines": {"core", "engine"},
    "evaluation": {"core", "engine"},
    "training": {"core", "engine", "mobilevos", "evaluation"},
    "rendering": {"core"},
    "evaluation/bench/rivals": set(),  # run by a Python that need not have ours
    "machine": {"core", "engine"},
    "batch": {"core", "engine"},
    "ui": {"core", "engine", "machine"},
}
# Libraries that only some folders may import at all.
ONLY_IN = {
    "PySide6": {"ui", "machine"},
    "pyqtgraph": {"ui"},
    "superqt": {"ui"},
    "torch": {"mobilevos", "engines", "training", "machine", "evaluation/bench/rivals"},
    "av": {"core", "evaluation", "machine"},  # bench writes the clip that it measures on
    "sqlite3": {"core"},
    "sam2": {"engines", "evaluation/bench/rivals"},
    "ray": {"batch"},
    "trimesh": {"rendering"},
    "moderngl": {"rendering"},
}
LONGEST = 330  # lines of a module; a longer one has more than one idea
UNFINISHED = re.compile(
    r"TODO|FIXME|XXX|NotImplementedError|processEvents|weights_only\s*=\s*False|\bpickle\b"
)

SOURCES = {path: path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {path: ast.parse(source) for path, source in SOURCES.items()}


def folder_of(path: Path) -> str:
    """Return the folder with rules of its own that a module lies in; empty at the package's top."""
    folders = [each.as_posix() for each in path.relative_to(PACKAGE).parents]
    return next((each for each in folders if each in MAY_IMPORT), "")


def told(wrong: dict[Path, object]) -> dict[str, object]:
    """Return what is wrong with which module, for those where something is."""
    return {str(path.relative_to(PACKAGE)): each for path, each in wrong.items() if each}


def imports(tree: ast.Module) -> set[str]:
    """Return the dotted names that a module imports, inside functions too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def trespasses(folder: str, tree: ast.Module) -> list[str]:
    """Return what a module of `folder` imports although it may not."""
    found = []
    for name in sorted(imports(tree)):
        top, _, rest = name.partition(".")
        if top == NAME and folder:
            other = rest.partition(".")[0]
            if other in MAY_IMPORT and other != folder and other not in MAY_IMPORT[folder]:
                found.append(name)
        elif folder and folder not in ONLY_IN.get(top, {folder}):
            found.append(name)
    return found


def test_no_module_imports_what_its_layer_may_not_know():
    assert told({path: trespasses(folder_of(path), tree) for path, tree in TREES.items()}) == {}


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("core", "from vos_annotator.engine.protocol import Segmentation"),
        ("engine", "def run():\n    import torch"),
        ("ui", "from vos_annotator.mobilevos.engine import MobileVOSEngine"),
        ("evaluation", "from vos_annotator.ui import document"),
        ("mobilevos", "import PySide6.QtCore"),
        ("evaluation/bench/rivals", "from vos_annotator.core.errors import UserError"),
    ],
)
def test_the_check_would_find_a_trespass(folder, source):
    assert len(trespasses(folder, ast.parse(source))) == 1


def test_every_module_says_what_it_is_and_is_one_idea():
    silent = [p for p, tree in TREES.items() if SOURCES[p].strip() and not ast.get_docstring(tree)]
    assert silent == []
    assert [path for path, source in SOURCES.items() if source.count("\n") > LONGEST] == []
    assert told({path: UNFINISHED.findall(source) for path, source in SOURCES.items()}) == {}


def test_whatever_is_public_is_documented():
    assert told({path: undocumented(tree) for path, tree in TREES.items()}) == {}


def undocumented(tree: ast.Module) -> list[str]:
    """Return the names of what others may call and is not told of."""
    return [each.name for each in public(tree) if not ast.get_docstring(each)]


def public(parent: ast.AST) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Give what others may call; a property's setter is told of by its getter."""
    for node in ast.iter_child_nodes(parent):
        is_definition = isinstance(node, ast.ClassDef | ast.FunctionDef)
        if is_definition and not node.name.startswith("_") and not is_setter(node):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def is_setter(node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Return whether a function sets a property."""
    return any(getattr(each, "attr", "") == "setter" for each in node.decorator_list)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("vos_annotator.core.project", ("PySide6", "torch", "skimage")),
        ("vos_annotator.engine.worker", ("PySide6", "torch", "skimage")),
        ("vos_annotator.mobilevos.engine", ("PySide6",)),
        ("vos_annotator.ui.main_window", ("torch", "pyqtgraph", "vos_annotator.ui.workspace")),
        ("vos_annotator.cli", ("PySide6", "torch", "cv2")),
    ],
)
def test_importing_a_part_loads_nothing_that_it_has_no_use_for(module, unwanted):
    code = f"import {module}, sys; print([n for n in {unwanted!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
