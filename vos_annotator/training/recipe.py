"""Recipes: a TOML file that says all there is to say about a training run.

For: the commands `train` and `ablate`. Knows msgspec and the files' paths, not torch.

    [network]                       # what is trained, and from what
    [data]                          # where the pictures are
    [teacher]                       # who is asked, if anyone
    [evaluation]                    # which clips tell how well it goes
    [[stages]]                      # one after another
        [stages.losses]

`resources/recipes` has some; every key with its meaning is an attribute below.
"""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from vos_annotator.core.errors import UserError
from vos_annotator.paths import resources_folder

SUFFIX, KEPT_SUFFIX = ".toml", ".json"  # of what is written by hand, and by a run
BACKBONE_OF = "backbone:"  # before a checkpoint, in `NetworkRecipe.init`

# What numbers may be; none of these takes nan or inf. What is bounded from above would be memory or
# processes that no machine has; what is not is no more than there is, or a run that someone stops.
_MOST = sys.float_info.max
Count = Annotated[int, Meta(ge=0)]
Several = Annotated[int, Meta(ge=1)]
Batch = Annotated[int, Meta(ge=1, le=4096)]
Frames = Annotated[int, Meta(ge=2, le=256)]
Processes = Annotated[int, Meta(ge=0, le=256)]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Size = Annotated[int, Meta(ge=16, le=4096)]  # px of a side
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0, le=_MOST)]
Positive = Annotated[float, Meta(gt=0, le=_MOST)]


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a TOML file: a key that it does not know is an error."""


class Losses(Table):
    """How much each loss counts; 0 leaves it out.

    Attributes:
        tracking: Of the masks that are carried on: cross-entropy and Dice.
        dice: Beside cross-entropy, which counts 1.
        poly: Weight of poly-1's term in cross-entropy.
        scribble: Of the mask made from strokes.
        scribble_every: It is learnt in every so many steps only, which saves time, and counts
            as many times as much there.
        logit: Of L_logit, near borders.
        temperature: Of L_logit.
        representation: Of L_repr, in bits.
        omega: Of L_repr: 1 asks the teacher, 0 the labels.
        pixels: How many L_repr compares of each object and frame.
        borders: Whether these are drawn near borders, or anywhere.
        features: Of the match with the feature teacher.
        hint: Of the distance of the backbone's features from the teacher's, which must have
            the same shapes, or half of the channels at most.
        hardest: Share of pixels that cross-entropy ends up counting.
    """

    tracking: Weight = 1.0
    dice: Weight = 0.5
    poly: Weight = 0.0
    scribble: Weight = 0.5
    scribble_every: Several = 1
    logit: Weight = 0.0
    temperature: Positive = 1.0
    representation: Weight = 0.0
    omega: Share = 1.0
    pixels: Count = 512
    borders: bool = True
    features: Weight = 0.0
    hint: Weight = 0.0
    hardest: Share = 0.2

    def __post_init__(self) -> None:
        if not (self.reach_heads or self.features or self.hint):
            raise ValueError("a stage needs a loss that counts more than 0")
        if self.scribble_every > 1 and not (self.tracking or self.logit or self.representation):
            raise ValueError("`scribble_every` needs a loss of masks that are carried on beside")

    @property
    def reach_heads(self) -> bool:
        """Whether a loss needs more of the network than its backbone."""
        return (self.tracking or self.scribble or self.logit or self.representation) > 0

    @property
    def needs_teacher(self) -> bool:
        """Whether a loss asks a teacher."""
        asks = self.representation > 0 and self.omega > 0
        return self.logit > 0 or self.hint > 0 or asks


class Stage(Table):
    """A part of a run with data and losses of its own.

    Attributes:
        name: For the log.
        steps: Length in optimizer steps; or
        minutes: by the clock, for a machine whose speed is not known.
        rate: Peak learning rate of the heads; it rises over `warm_up` steps and falls along
            a cosine to a fiftieth.
        backbone_rate: Of the backbone, as a share of that.
        batch: Clips that go through the network at once, on each device.
        accumulate: Batches a step.
        length: Frames a clip.
        size: Side of the crop, px, a multiple of 16.
        videos: Share of clips from labelled videos.
        compositions: Share of scenes of cut-outs among the others.
        gaps: How far the second frame of a clip from a video may be from the first, in tens of
            frames, at the start, in the middle and at the end of the stage. The others
            follow in steps of one to three frames, none larger than this number.
        memory: Frames that are read, the first one included; 0 for all.
        top_k: Positions of these that each position reads; 0 for all, from which keys learn
            quickest. A run should end with 30, as many as are read in use.
        freeze: "stem" keeps the first layers of the backbone as they are, "backbone" all of
            them, "late" the whole network but these first layers; with their norms.
        losses: Of this stage.
    """

    name: str = "main"
    steps: Count = 0
    minutes: Weight = 0.0
    rate: Weight = 5e-4
    backbone_rate: Weight = 0.3
    warm_up: Count = 100
    batch: Batch = 8
    accumulate: Batch = 1
    length: Frames = 4
    size: Size = 224
    videos: Share = 0.55
    compositions: Share = 0.35
    gaps: tuple[Several, Several, Several] = (6, 6, 6)
    memory: Count = 2
    top_k: Count = 30
    freeze: str = "stem"
    losses: Losses = field(default_factory=Losses)

    def __post_init__(self) -> None:
        if (self.steps > 0) == (self.minutes > 0):
            raise ValueError("a stage needs `steps` or `minutes`, one of them and above 0")
        if self.size % 16:
            raise ValueError("`size` must be a multiple of 16")
        if self.freeze not in ("nothing", "stem", "backbone", "late"):
            raise ValueError('`freeze` must be "nothing", "stem", "backbone" or "late"')


class NetworkRecipe(Table):
    """What is trained.

    Attributes:
        name: One of the networks that `vos-annotator models` lists; of its checkpoint, where
            `init` is one, nothing but the weights is taken.
        shape: Fields of its configuration to change.
        init: "imagenet" for a backbone that knows pictures, "backbone:" and a checkpoint for
            one that knows what its backbone does, "random", or a checkpoint.
        borrow: A checkpoint of another shape, whose weights are taken where name and shape fit,
            over those of `init`; of wider heads the strongest channels, and heads of signed
            features read their halves.
    """

    name: str = "mobilevos-fast"
    shape: dict[str, Any] = field(default_factory=dict)
    init: str = "imagenet"
    borrow: str = ""


class Data(Table):
    """Where the training pictures are.

    Attributes:
        root: A folder, for sets without a path of their own.
        sets: "KIND:PATH" or "KIND:PATH*WEIGHT"; a path is taken from `root`.
        weights: How often videos are chosen, by the name of the folder above them, where it
            is not 1.
        workers: Processes that make clips.
    """

    root: str = "data"
    sets: tuple[str, ...] = ("folder:.",)
    weights: dict[str, Weight] = field(default_factory=dict)
    workers: Processes = 1


class TeacherRecipe(Table):
    """Who is asked.

    Attributes:
        checkpoint: Of a network of ours, or STCN's .pth.
        features: ONNX file of MobileSAM's image encoder.
    """

    checkpoint: str = ""
    features: str = ""


class Evaluation(Table):
    """How the run is watched.

    Attributes:
        davis: A DAVIS root of clips that are never trained on; empty for none.
        size: Short side to work at, px.
        minutes: Between two evaluations.
    """

    davis: str = ""
    size: Size = 288
    minutes: Weight = 30.0


class Recipe(Table):
    """A training run.

    Attributes:
        seed: Of the clips and of what starts at random.
        average: Decay of the moving average of the weights, which is what is kept.
        compile: Whether to let torch.compile at the network: slow to start, faster after.
    """

    stages: tuple[Stage, ...]
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    data: Data = field(default_factory=Data)
    teacher: TeacherRecipe = field(default_factory=TeacherRecipe)
    evaluation: Evaluation = field(default_factory=Evaluation)
    seed: Seed = 0
    average: Annotated[float, Meta(ge=0, lt=1)] = 0.998
    compile: bool = False

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a recipe needs at least one [[stages]]")
        for stage in self.stages:
            if stage.losses.needs_teacher and not self.teacher.checkpoint:
                raise ValueError("a loss asks a teacher: give teacher.checkpoint")
            if stage.losses.features and not self.teacher.features:
                raise ValueError("a loss asks a feature teacher: give teacher.features")


def read_recipe(name: str | Path, changes: list[str] = ()) -> Recipe:
    """Return the recipe in a file, or of a name in the recipes folder, with changes made.

    Args:
        name: A path, or the name of a recipe that comes with the program.
        changes: "KEY=VALUE" with dots between the tables, as in `stages.0.minutes=60`; a
            value is TOML, and what is no TOML is text.

    Raises:
        UserError: There is no such file, or it is no recipe: says which key is wrong.
    """
    path = Path(name)
    if not path.is_file():
        path = resources_folder() / "recipes" / f"{name}{SUFFIX}"
    if not path.is_file():
        ours = (resources_folder() / "recipes").glob(f"*{SUFFIX}")
        known = ", ".join(sorted(each.stem for each in ours))
        raise UserError(
            f"There is no recipe '{name}': give the path of a {SUFFIX} file or one of {known}."
        )
    tables = read_tables(path)
    for change in changes:
        _change(tables, change)
    try:
        return msgspec.convert(tables, Recipe)
    except msgspec.ValidationError as error:
        raise UserError(f"{path} is no recipe: {error}.") from error


def read_tables(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds, or a recipe that a run keeps as JSON.

    Raises:
        UserError: It cannot be read.
    """
    is_kept = path.suffix == KEPT_SUFFIX
    try:
        text = path.read_text("utf-8")
        return msgspec.json.decode(text, type=dict) if is_kept else tomllib.loads(text)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check its path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        kind = "JSON" if is_kept else "TOML"
        raise UserError(f"{path} cannot be read as {kind}: {error}.") from error


def _change(tables: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals:
        raise UserError(f"'{change}' changes nothing: write it as key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = key.strip().split(".")
    inner: Any = tables
    try:
        for parent in parents:
            inner = inner[int(parent)] if isinstance(inner, list) else inner.setdefault(parent, {})
        if isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value
    except (ValueError, IndexError, AttributeError, TypeError):
        raise UserError(f"'{key}' names nothing that a recipe has: check its spelling.") from None
