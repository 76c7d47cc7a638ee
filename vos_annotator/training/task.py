"""What is learnt from a batch: the student's forward pass and all its losses.

For: the trainer, which only sees a number to make smaller. Knows the network, the unroll
and the losses. A task is a module, so that it can be run on several devices at once;
its teachers are no part of its parameters.
"""

import torch
from torch import Tensor, nn

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.heads import LOGIT_STRIDE, STRIDE
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.readings import TOP_K
from vos_annotator.training.distillation import (
    LEAST_PIXELS,
    border_band,
    hint_loss,
    logit_loss,
    pick,
    representation_loss,
    sample_pixels,
    takes_hints,
)
from vos_annotator.training.losses import cross_entropy, dice
from vos_annotator.training.recipe import Losses, Recipe, Stage
from vos_annotator.training.teachers import FeatureTeacher, Teacher
from vos_annotator.training.unroll import Batch, Step, Unroll


def check_pixels(network: Network, stage: Stage) -> None:
    """Refuse a stage that compares fewer pixels than `representation_loss` takes.

    Raises:
        UserError: It does so.
    """
    losses, need = stage.losses, LEAST_PIXELS * network.config.decoder[-1]
    if losses.representation and min(losses.pixels, (stage.size // LOGIT_STRIDE) ** 2) < need:
        raise UserError(
            f'The stage "{stage.name}" compares too few pixels for L_repr: losses.pixels and the '
            f"pixels of a crop at stride {LOGIT_STRIDE} must be at least {need}."
        )
    need = LEAST_PIXELS * network.backbone.channels[-1]
    if losses.features and 2 * (stage.size // STRIDE) ** 2 < need:
        raise UserError(
            f'The stage "{stage.name}" has crops too small for losses.features: two of them must '
            f"have {need} pixels at stride {STRIDE}; make its size larger."
        )


def check_hints(network: Network, teacher: Teacher, recipe: Recipe) -> None:
    """Refuse hints of a teacher whose backbone's channels the student's cannot be compared with.

    Raises:
        UserError: It is such a one.
    """
    own = network.backbone.channels
    theirs = [each.shape[1] for each in teacher.look(torch.zeros(1, 3, STRIDE, STRIDE))]
    if not takes_hints(own, theirs):
        student, told = (", ".join(map(str, widths)) for widths in (own, theirs))
        raise UserError(
            f"{recipe.network.name} cannot learn from hints of {recipe.teacher.checkpoint}: its "
            f"backbone has {student} channels at strides 4, 8 and 16, the teacher's {told}, and it "
            "needs as many, or at least twice as many; choose another teacher, or set losses.hint "
            "to 0."
        )


class Task(nn.Module):
    """Trains a student on clips: tracking, scribbles, and what teachers know.

    Args:
        network: The student.
        losses: Which losses there are and how much each counts.
        memory: How many frames it reads, as in `Unroll.propagate`.
        teacher: Needed where a loss asks for it.
        features: Likewise.
        top_k: How many positions it reads, likewise as in `Unroll.propagate`.
    """

    def __init__(
        self,
        network: Network,
        losses: Losses,
        memory: int = 2,
        teacher: Teacher | None = None,
        features: FeatureTeacher | None = None,
        top_k: int = TOP_K,
    ) -> None:
        super().__init__()
        self.network, self.losses = network, losses
        self.memory, self.top_k = memory, top_k
        self._teachers = (teacher, features)  # in a tuple, so that they are no submodules

    def forward(
        self,
        batch: Batch,
        share: float,
        generator: torch.Generator | None = None,
        step: int = 0,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and what it is made of in this step, before weighting.

        Args:
            batch: On the network's device.
            share: Of pixels that cross-entropy counts, the hardest first.
            generator: Of the pixels that are drawn, on the same device.
            step: Which one, where a loss is not learnt in each.
        """
        weights = self.losses
        unroll = Unroll(self.network, batch)
        parts: dict[str, Tensor] = {}
        if weights.tracking or weights.logit or weights.representation:
            steps = unroll.propagate(self.memory, top_k=self.top_k)
        if weights.tracking:
            parts["tracking"] = self._tracking(steps, batch, share)
        if weights.scribble and step % weights.scribble_every == 0:
            rounds = [self._segmentation(s, batch.masks[0], share) for s in unroll.scribble()]
            parts["scribble"] = torch.stack(rounds).mean()
        if weights.logit or weights.representation:
            parts |= self._distil(steps, batch, generator)
        if weights.features:
            parts["features"] = self._match_features(unroll, batch)
        if weights.hint:
            theirs = self._teachers[0].look(batch.images.flatten(0, 1))
            parts["hint"] = hint_loss(unroll.encoded[: len(theirs)], theirs)
        often = {"scribble": weights.scribble_every}
        total = sum(
            getattr(weights, name) * often.get(name, 1) * loss for name, loss in parts.items()
        )
        return total, {name: loss.detach() for name, loss in parts.items()}

    def _segmentation(self, step: Step, target: Tensor, share: float) -> Tensor:
        log_odds = step.at_full_size()
        entropy = cross_entropy(log_odds, target, share, self.losses.poly)
        return entropy + self.losses.dice * dice(log_odds, target)

    def _tracking(self, steps: list[Step], batch: Batch, share: float) -> Tensor:
        """Return the mean over frames and pairs; a last frame that was given teaches nothing."""
        by_frame = [
            self._segmentation(step, target, share)
            for step, target in zip(steps, batch.masks[1:], strict=True)
        ]
        is_open = (~batch.keyed).float()
        last = (by_frame[-1] * is_open).sum() / is_open.sum().clamp_min(1)
        return torch.stack([*(loss.mean() for loss in by_frame[:-1]), last]).mean()

    def _distil(
        self, steps: list[Step], batch: Batch, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """Return the losses near borders, over all frames and pairs at once."""
        weights, teacher = self.losses, self._teachers[0]
        told = teacher.propagate(batch) if teacher is not None else None
        masks = batch.masks[1:].flatten(0, 1)
        masks = nn.functional.avg_pool2d(masks[:, None], LOGIT_STRIDE)[:, 0]
        band = border_band(masks)
        losses = {}
        if weights.logit:
            ours = torch.cat([step.log_odds for step in steps])
            losses["logit"] = logit_loss(
                ours, torch.cat([step.log_odds for step in told]), band, weights.temperature
            )
        if weights.representation:
            positions = sample_pixels(band, weights.pixels, weights.borders, generator)
            ours = pick(torch.cat([step.features for step in steps]), positions)
            theirs = None
            if weights.omega > 0:
                theirs = pick(torch.cat([step.features for step in told]), positions)
            labels = (masks > 0.5).flatten(1).gather(1, positions)
            losses["representation"] = representation_loss(
                ours, theirs, labels, weights.omega
            ).mean()
        return losses

    def _match_features(self, unroll: Unroll, batch: Batch) -> Tensor:
        """Return L_repr of the backbone's features over all positions of two frames of a clip.

        Two frames, so that the same thing seen twice has to look alike in both.
        """
        clips = unroll.clips
        ends = torch.cat([batch.images[0], batch.images[-1]])
        ours = unroll.encoded.stride16
        ours = torch.cat([ours[:clips], ours[-clips:]])

        def positions(maps: Tensor) -> Tensor:  # (2 B, C, h, w) -> (B, 2 h w, C)
            return maps.flatten(2).unflatten(0, (2, clips)).permute(1, 0, 3, 2).flatten(1, 2)

        theirs = positions(self._teachers[1].look(ends))
        return representation_loss(positions(ours), theirs, None, omega=1).mean()
