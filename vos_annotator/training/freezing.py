"""Which layers of a network learn in a stage and how, and which stay as they are.

For: the trainer. Knows the network and the recipe.
"""

import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.network import Network
from vos_annotator.training.recipe import Stage


def freeze(network: Network, stage: Stage) -> None:
    """Let learn what a stage says, of what its losses reach; norms of the rest stand still, too.

    Raises:
        UserError: That is nothing.
    """
    backbone = network.backbone
    network.requires_grad_(stage.losses.reach_heads and stage.freeze != "late")
    backbone.requires_grad_(stage.freeze in ("nothing", "stem"))
    if stage.freeze in ("stem", "late"):
        backbone.early().requires_grad_(stage.freeze == "late")
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(
            f'Nothing of the network learns in the stage "{stage.name}": its losses reach no '
            f'layers but those that freeze = "{stage.freeze}" keeps as they are.'
        )
    network.train()
    for module in network.modules():
        own = list(module.parameters())
        if own and not any(parameter.requires_grad for parameter in own):
            module.eval()


def optimizer_of(network: Network) -> torch.optim.Optimizer:
    """Return what changes the weights that are not frozen, at the rates of `set_rate`."""
    inner = {id(parameter) for parameter in network.backbone.parameters()}
    learning = [p for p in network.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in learning if id(p) not in inner]},
            {"params": [p for p in learning if id(p) in inner]},
        ],
        weight_decay=1e-4,
    )


def set_rate(optimizer: torch.optim.Optimizer, stage: Stage, rate: float) -> None:
    """Let heads learn at `rate` from now on, and the backbone at its share of that."""
    heads, backbone = optimizer.param_groups  # as `optimizer_of` has them
    heads["lr"], backbone["lr"] = rate, rate * stage.backbone_rate
