"""What a student learns from a teacher: representation and logit losses, and where to look.

For: the task. Knows torch, and what signed features are to a backbone without signs.

Sources: Miles, Yucel, Manganelli & Saa-Garriga, "MobileVOS: Real-Time Video Object
Segmentation Contrastive Learning meets Knowledge Distillation", CVPR 2023; for hints Romero et
al., "FitNets", ICLR 2015.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from vos_annotator.training.rectified import halves

BAND = 3  # px at the stride of the logits: how far from a border its band reaches
_ELSEWHERE = 1e-4  # chance of a pixel outside the band, beside one in it
LEAST_PIXELS = 2  # times the student's channels


def border_band(masks: Tensor, radius: int = BAND) -> Tensor:
    """Return where a border is near: (P, h, w) bool for masks (P, h, w) in [0, 1]."""
    solid = (masks > 0.5).float()[:, None]
    window = 2 * radius + 1
    largest = F.max_pool2d(solid, window, 1, radius)
    smallest = -F.max_pool2d(-solid, window, 1, radius)
    return (largest > smallest)[:, 0]


def sample_pixels(
    band: Tensor, pixels: int, only_borders: bool, generator: torch.Generator | None = None
) -> Tensor:
    """Return positions (P, n) without repetition, n = min(`pixels`, h x w).

    Args:
        band: (P, h, w) bool, a `border_band`.
        pixels: How many to draw of each.
        only_borders: Draw from the band while it has any left, then from elsewhere; else
            draw anywhere alike.
        generator: Of the random numbers, on the band's device.
    """
    flat = band.flatten(1)
    chances = torch.ones(flat.shape, device=flat.device)
    if only_borders:
        chances = chances.masked_fill(~flat, _ELSEWHERE)
    return torch.multinomial(chances, min(pixels, flat.shape[1]), generator=generator)


def pick(features: Tensor, positions: Tensor) -> Tensor:
    """Return the features (P, n, C) of (P, C, h, w) at `positions` (P, n)."""
    index = positions[:, None].expand(-1, features.shape[1], -1)
    return features.flatten(2).gather(2, index).transpose(1, 2)


def correlation(features: Tensor) -> Tensor:
    """Return the cosine of each pair of pixels: (P, n, C) -> (P, n, n) float32."""
    unit = F.normalize(features.float(), dim=2)
    return unit @ unit.transpose(1, 2)


def representation_loss(
    student: Tensor, teacher: Tensor | None, labels: Tensor | None, omega: float
) -> Tensor:
    """Return L_repr of each set of pixels, (P,) float32, in bits.

    How much of the student's correlation matrix C_s its target shares, by matrix-based
    entropy of order 2: log2 |C_s|^2 - log2 |C_s * C_ty|^2, with C_ty = omega C_t +
    (1 - omega) Y Y^T. omega = 1 is distillation alone, omega = 0 supervised contrastive
    learning over pixels. The paper's factor 1/|C_s| is left to the weight of the loss.

    Args:
        student: (P, n, d_s) features.
        teacher: (P, n, d_t) features of the same pixels; None where omega is 0.
        labels: (P, n) integer labels; None where omega is 1.
        omega: 0..1.

    Raises:
        ValueError: Fewer than 2 d_s pixels. Features that are all orthogonal have no loss,
            whatever the target; only more pixels than channels keep the student from there.
    """
    count, channels = student.shape[1:]
    if count < LEAST_PIXELS * channels:
        raise ValueError(
            f"{count} pixels are too few for {channels} channels: orthogonal features would "
            f"have no loss; draw at least {LEAST_PIXELS * channels}"
        )
    # Autocast would round correlations of neighbouring pixels to one another.
    with torch.autocast(student.device.type, enabled=False):
        own = correlation(student)
        target = torch.zeros_like(own)
        if omega > 0:
            target = target + omega * correlation(teacher.detach())
        if omega < 1:
            target = target + (1 - omega) * (labels[:, :, None] == labels[:, None, :])
        shared = (own * target).square().sum((1, 2)).clamp_min(1e-6)
        return own.square().sum((1, 2)).log2() - shared.log2()


def logit_loss(student: Tensor, teacher: Tensor, band: Tensor, temperature: float = 1.0) -> Tensor:
    """Return KL(teacher || student) over the pixels near borders, () float32.

    Args:
        student: (P, h, w) log-odds.
        teacher: (P, h, w) log-odds of the teacher; it gets no gradient.
        band: (P, h, w) bool; where there is no border at all the loss is 0.
        temperature: Softens both; the loss is multiplied by its square, so that its
            gradient keeps its size.
    """
    student = student.float() / temperature
    teacher = teacher.detach().float() / temperature
    probability = teacher.sigmoid()
    divergence = probability * (F.logsigmoid(teacher) - F.logsigmoid(student))
    divergence = divergence + (1 - probability) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    return temperature**2 * (divergence * band).sum() / band.sum().clamp_min(1)


def takes_hints(student: Sequence[int], teacher: Sequence[int]) -> bool:
    """Return whether maps of so many channels can be compared with a teacher's by `hint_loss`."""
    return all(o == t or o >= 2 * t for o, t in zip(student, teacher, strict=True))


def hint_loss(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """Return how far features are from a teacher's, () float32.

    The mean, over pairs of maps and channels, of the squared difference as a share of the
    channel's variance: 0 where they are equal, 1 where the student knows but the mean. Where
    the student has other channels, its first ones stand for the `halves` of the teacher's.

    Args:
        student: Maps (B, C, h, w), or with 2 C channels or more, each of a stride.
        teacher: Maps (B, C, h, w); they get no gradient.
    """
    shares = []
    for own, theirs in zip(student, teacher, strict=True):
        own, theirs = own.float(), theirs.detach().float()
        variance = theirs.var((0, 2, 3)).clamp_min(1e-6)
        if own.shape[1] != theirs.shape[1]:
            theirs = halves(theirs)
        error = (own[:, : theirs.shape[1]] - theirs).square().mean((0, 2, 3))
        shares.append((error.view(-1, len(variance)).sum(0) / variance).mean())
    return torch.stack(shares).mean()
