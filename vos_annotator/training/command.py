"""The `train` command: a recipe, and a folder for the run.

For: the command line; with torchrun, several processes of it train one network.
"""

import argparse
import logging
from contextlib import nullcontext
from dataclasses import replace
from math import inf
from pathlib import Path

import msgspec
import torch

from vos_annotator.core.errors import UserError
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.evaluation.sequences import find_sequences
from vos_annotator.mobilevos.checkpoint import find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.mobilevos.pretrained import load_backbone, read_imagenet
from vos_annotator.training.processes import Processes, joined
from vos_annotator.training.readers import DataSet, find_sources
from vos_annotator.training.recipe import BACKBONE_OF, Data, NetworkRecipe, Recipe, read_recipe
from vos_annotator.training.rectified import rectified
from vos_annotator.training.run_folder import RunFolder
from vos_annotator.training.slimming import slimmed
from vos_annotator.training.sources import Sources
from vos_annotator.training.task import check_hints, check_pixels
from vos_annotator.training.teachers import Teacher
from vos_annotator.training.trainer import Trainer

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train`."""
    parser.add_argument(
        "recipe",
        nargs="?",
        help="a TOML file, or the name of a recipe that comes along; --resume needs none",
    )
    parser.add_argument(
        "--out", type=folder_to_write, required=True, metavar="DIR", help="folder of the run"
    )
    parser.add_argument("--data", metavar="DIR", help="short for --set data.root=DIR")
    parser.add_argument("--init", metavar="CKPT", help="short for --set network.init=CKPT")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train; 0 once the run has ended and is saved.

    Raises:
        UserError: The recipe, the data or the folder is not as it must be.
    """
    changes = list(arguments.set)
    changes += [f"data.root={arguments.data}"] if arguments.data else []
    changes += [f"network.init={arguments.init}"] if arguments.init else []
    folder = RunFolder(arguments.out)
    if folder.has_state and not arguments.resume:
        raise UserError(
            f"{arguments.out} holds a run already: go on with --resume, or give another --out."
        )
    recipe = _recipe(arguments, folder, changes)
    with joined() as processes:
        train(recipe, folder, processes, arguments.resume)
    return 0


def _recipe(arguments: argparse.Namespace, folder: RunFolder, changes: list[str]) -> Recipe:
    """Return what is to be done: of a run that is resumed, what it was begun with, and changes."""
    if not arguments.resume or not folder.recipe.is_file():
        if arguments.recipe is None:
            raise UserError("Which recipe? Give a TOML file or the name of one that comes along.")
        return read_recipe(arguments.recipe, changes)
    kept = read_recipe(folder.recipe, changes)
    if arguments.recipe is not None and read_recipe(arguments.recipe, changes) != kept:
        log.warning(
            "%s goes on by the recipe that it was begun with, %s, and not by %s: --set changes it.",
            arguments.out,
            folder.recipe,
            arguments.recipe,
        )
    return kept


def train(recipe: Recipe, folder: RunFolder, processes: Processes, resumes: bool) -> None:
    """Run a recipe to its end; the folder has the result.

    Raises:
        UserError: The network or the data is not as it must be, or there is no run to resume.
    """
    torch.manual_seed(recipe.seed)
    sources = find_sources(data_sets(recipe.data))
    known = {video.set for video in sources.videos}
    for name in recipe.data.weights.keys() - known:
        log.warning(
            "data.weights names %s, but the sets with videos are: %s.",
            name,
            ", ".join(sorted(known)),
        )
    if recipe.evaluation.davis:
        keep_apart(sources, recipe.evaluation.davis)
    asked = recipe.network
    if resumes:  # from weights of its own: what it began with may be gone
        asked = msgspec.structs.replace(asked, init="random", borrow="")
    network = make_network(asked)
    for stage in recipe.stages:
        check_pixels(network, stage)
    if any(stage.losses.hint for stage in recipe.stages):
        check_hints(network, Teacher.load(recipe.teacher.checkpoint, torch.device("cpu")), recipe)
    trainer = Trainer(network, sources, recipe, folder, processes)
    with folder.held() if processes.is_first else nullcontext():
        if resumes:
            trainer.resume()
        if processes.is_first:
            folder.write_recipe(recipe)
        trainer.run()


def keep_apart(sources: Sources, davis: str) -> None:
    """Refuse to train on the clips that are to tell how well it goes.

    Raises:
        UserError: Some have the same names.
    """
    watched = {sequence.name for sequence in find_sequences(davis)}
    both = sorted(v.name for v in sources.videos if v.name.rpartition("/")[2] in watched)
    if both:
        raise UserError(
            f"{', '.join(both)} of the training data would be evaluated on as well, for {davis} "
            "has clips of the same name: take them out of data.sets, or choose other clips to "
            "evaluate on."
        )


def make_network(asked: NetworkRecipe) -> Network:
    """Return the network that a recipe starts from.

    Raises:
        UserError: There is no such network or checkpoint, or its shape does not fit.
    """
    if asked.name not in NETWORKS:
        raise UserError(f"There is no network {asked.name}: choose one of {', '.join(NETWORKS)}.")
    shape = {key: tuple(v) if isinstance(v, list) else v for key, v in asked.shape.items()}
    try:
        network = Network(replace(NETWORKS[asked.name], **shape))
    except (TypeError, LookupError, ValueError, RuntimeError, ArithmeticError) as error:
        raise UserError(f"network.shape of the recipe does not fit: {error}.") from error
    if asked.init == "imagenet":
        load_backbone(network, read_imagenet(network.config.backbone))
    elif asked.init != "random":
        path, weights = _read_weights(asked.init.removeprefix(BACKBONE_OF))
        try:
            if asked.init.startswith(BACKBONE_OF):
                prefix = "backbone."
                inner = {n[len(prefix) :]: w for n, w in weights.items() if n.startswith(prefix)}
                load_backbone(network, inner)
            else:
                network.load_state_dict(weights)
        except RuntimeError:
            raise UserError(
                f"{path} has another shape than the network {asked.name}: name the network that "
                "it holds."
            ) from None
    if asked.borrow:
        _borrow(network, asked.borrow)
    return network


def _borrow(network: Network, checkpoint: str) -> None:
    """Give a network what fits of another shape's weights: it need not learn that again."""
    own, (path, others) = network.state_dict(), _read_weights(checkpoint)
    if network.config.shared_value and "value.stride4.weight" in others:
        others = slimmed(others, own)
    others = rectified(others, own)
    fitting = {n: w for n, w in others.items() if n in own and own[n].shape == w.shape}
    if not fitting:
        raise UserError(f"{path} has no weights that fit the network: borrow from another.")
    network.load_state_dict(fitting, strict=False)


def _read_weights(checkpoint: str) -> tuple[Path, dict[str, torch.Tensor]]:
    path = find_checkpoint(checkpoint)
    return path, load_checkpoint(path)[0].state_dict()


def data_sets(data: Data) -> list[DataSet]:
    """Return the sets that a recipe names.

    Raises:
        UserError: One is not written as KIND:PATH or KIND:PATH*WEIGHT.
    """
    sets = []
    for text in data.sets:
        kind, colon, rest = text.partition(":")
        path, _, weight = rest.partition("*")
        try:
            counts = float(weight or 1)
        except ValueError:
            counts = 0.0
        if not colon or not 0 < counts < inf:
            raise UserError(
                f"'{text}' names no data: write it as KIND:PATH or KIND:PATH*WEIGHT, with a "
                "weight above 0."
            )
        sets.append(DataSet(kind, Path(data.root) / path, counts))
    if not sets:
        raise UserError("data.sets is empty: name what to train on.")
    return sets
