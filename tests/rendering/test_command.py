import pytest

from tests.rendering.shapes import GL_IS_MISSING, write_box
from vos_annotator import cli
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import decode_png
from vos_annotator.training.sources import read_picture

pytest.importorskip("trimesh", reason="trimesh comes with the extra [render]")
pytest.importorskip("moderngl", reason=GL_IS_MISSING)

from vos_annotator.rendering.renderer import Renderer


@pytest.fixture
def render(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_box(tmp_path / "models", "box")
    write_box(tmp_path / "models", "rod", half=(0.2, 1.0, 0.2))

    def run(**options):
        given = {"models": tmp_path / "models", "count": 1, "out": tmp_path / "out"}
        given |= {"frames": 4, "size": "96x64"} | options
        words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
        return cli.main(["render-clips", *words])

    return run


def test_clips_lie_as_training_wants_them_and_a_second_run_goes_on(render, tmp_path):
    try:
        Renderer(64, 64).__exit__(None, None, None)
    except UserError as error:
        pytest.skip(f"{GL_IS_MISSING}: {error}")
    folder = tmp_path / "out" / "videos" / "rendered"

    assert render(seed=3) == 0
    first = folder / "3-00000"
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*.*")}
    assert len(before) == 8
    assert render(seed=3, count=3, workers=2) == 0

    assert {path: path.stat().st_mtime_ns for path in first.rglob("*.*")} == before
    assert sorted(path.name for path in folder.iterdir()) == ["3-00000", "3-00001", "3-00002"]
    assert read_picture(first / "images" / "00003.jpg").shape == (64, 96, 3)
    assert decode_png((first / "masks" / "00003.png").read_bytes()).shape == (64, 96)
    assert read_picture(tmp_path / "out" / "rendered-3.png").shape[0] > 3 * 64
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"videos", "rendered-3.png"}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"size": "big"}, "--size big"),
        ({"size": "8x8"}, "--size 8x8"),
        ({"count": 0}, "--count 0"),
        ({"models": "/nowhere"}, "/nowhere"),
    ],
)
def test_a_wrong_option_is_named(render, capsys, options, word):
    assert render(**options) == 2
    assert word in capsys.readouterr().err
