"""A recipe says what it means, and a slip in it is named."""

import pytest

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.readings import TOP_K
from vos_annotator.paths import resources_folder
from vos_annotator.training.ablation import read_study
from vos_annotator.training.recipe import read_recipe

RECIPES = sorted((resources_folder() / "recipes").glob("*.toml"))
STUDIES = sorted((resources_folder() / "studies").glob("*.toml"))


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("[[stages]]\nsteps = 10\n[stages.losses]\npoly = 1.0\n")
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_that_comes_along_can_be_read_by_its_name(path):
    assert read_recipe(path.stem).stages


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_that_comes_along_ends_by_reading_as_many_positions_as_the_engine(path):
    assert read_recipe(path.stem).stages[-1].top_k == TOP_K


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_row_of_a_study_that_comes_along_is_a_recipe(path):
    study = read_study(path)
    for row in study.rows:
        assert read_recipe(study.recipe, list(row.set)).stages


def test_a_change_reaches_into_stages_and_makes_tables(recipe):
    changes = [
        "stages.0.losses.omega=0.5",
        "stages.0.gaps=[1, 9, 1]",
        "data.root=/somewhere/else",
        "network.shape.key_dim=32",
        "compile=true",
    ]
    changed = read_recipe(recipe, changes)
    assert changed.stages[0].losses.omega == 0.5
    assert changed.stages[0].losses.poly == 1.0
    assert changed.stages[0].gaps == (1, 9, 1)
    assert changed.data.root == "/somewhere/else"
    assert changed.network.shape == {"key_dim": 32}
    assert changed.compile


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("stages.0.rat=1e-3", "rat"),
        ("stages.0.rate=fast", "rate"),
        ("stages.0.size=250", "multiple of 16"),
        ("stages.0.minutes=3", "one of them"),
        ("stages.0.freeze=all", "freeze"),
        ("stages.0.length=1", ">= 2"),
        ("stages.0.top_k=-1", ">= 0"),
        ("stages.3.rate=1", "names nothing"),
        ("stages.0.losses.scribble_every=0", ">= 1"),
        ("stages.0.rate=nan", "rate"),
        ("stages.0.rate=-1", "rate"),
        ("stages.0.rate=inf", "rate"),
        ("stages.0.videos=7", "videos"),
        ("stages.0.gaps=[0, 0, 0]", "gaps"),
        ("stages.0.losses.hardest=nan", "hardest"),
        ("stages.0.losses.temperature=0", "temperature"),
        ("stages.0.losses={tracking=0, scribble=0}", "needs a loss"),
        ("seed=-1", "seed"),
        ("seed=99999999999999999999", "seed"),
        ("average=2", "average"),
        ("data.workers=-1", "workers"),
        ("data.weights.x=-1", "weights"),
        ("evaluation.size=0", "size"),
        ("stages.0.losses={tracking=0, scribble_every=2}", "scribble_every"),
        ("stages.0.losses.logit=1", "teacher.checkpoint"),
        ("stages.0.losses.features=1", "teacher.features"),
        ("seed", "key=value"),
        ("stages=[]", "at least one"),
    ],
)
def test_a_slip_is_named(recipe, change, says):
    with pytest.raises(UserError, match=says):
        read_recipe(recipe, [change])


@pytest.mark.parametrize(
    ("key", "value", "most"),
    [
        ("stages.0.batch", 10**9, 4096),
        ("stages.0.accumulate", 10**30, 4096),
        ("stages.0.length", 10**9, 256),
        ("stages.0.size", 16 * 10**9, 4096),
        ("evaluation.size", 10**9, 4096),
        ("data.workers", 10**9, 256),
    ],
)
def test_what_no_machine_has_room_for_is_told_with_the_file_the_key_and_the_bound(
    recipe, key, value, most
):
    with pytest.raises(UserError) as raised:
        read_recipe(recipe, [f"{key}={value}"])
    said = str(raised.value)
    assert str(recipe) in said and key.split(".")[-1] in said and f"<= {most}" in said


def test_a_recipe_that_is_not_there_or_no_toml_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no recipe 'nowhere'.*student"):
        read_recipe("nowhere")
    (tmp_path / "bad.toml").write_text("stages = [")
    with pytest.raises(UserError, match=r"bad\.toml"):
        read_recipe(tmp_path / "bad.toml")


def test_two_rows_of_one_name_are_refused(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('recipe = "student"\n[[rows]]\nname = "a b"\n[[rows]]\nname = "A-b"\n')
    with pytest.raises(UserError, match="two rows of one name"):
        read_study(path)
