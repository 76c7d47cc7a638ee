"""The `train` command: a recipe, and a folder for the run.

For: the command line; with torchrun, several processes of it train one network.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.checkpoint import find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.mobilevos.pretrained import load_backbone, read_imagenet
from vos_annotator.training.processes import Processes, joined
from vos_annotator.training.readers import DataSet, find_sources
from vos_annotator.training.recipe import BACKBONE_OF, Data, NetworkRecipe, Recipe, read_recipe
from vos_annotator.training.rectified import rectified
from vos_annotator.training.run_folder import RunFolder
from vos_annotator.training.slimming import slimmed
from vos_annotator.training.trainer import Trainer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train`."""
    parser.add_argument("recipe", help="a TOML file, or the name of a recipe that comes along")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
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
    recipe, folder = read_recipe(arguments.recipe, changes), RunFolder(arguments.out)
    if folder.has_state and not arguments.resume:
        raise UserError(
            f"{arguments.out} holds a run already: go on with --resume, or give another --out."
        )
    with joined() as processes:
        train(recipe, folder, processes, arguments.resume)
    return 0


def train(recipe: Recipe, folder: RunFolder, processes: Processes, resumes: bool) -> None:
    """Run a recipe to its end; the folder has the result.

    Raises:
        UserError: The network or the data is not as it must be, or there is no run to resume.
    """
    torch.manual_seed(recipe.seed)
    sources = find_sources(data_sets(recipe.data))
    trainer = Trainer(make_network(recipe.network), sources, recipe, folder, processes)
    if resumes:
        trainer.resume()
    elif processes.is_first:
        folder.write_recipe(recipe)
    trainer.run()


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
    except (TypeError, KeyError) as error:
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
            sets.append(DataSet(kind, Path(data.root) / path, float(weight or 1)))
        except ValueError:
            colon = ""
        if not colon:
            raise UserError(f"'{text}' names no data: write it as KIND:PATH or KIND:PATH*WEIGHT.")
    return sets
