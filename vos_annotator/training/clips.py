"""Training clips: the scenes that the network learns from.

For: the trainer. Knows recipes, `drafts` and `plots`, which plan, `scenes`, which draws, and
numpy.

Three kinds: a still set in motion, with other things before and behind its objects; a scene
of cut-outs over a still, with a plot; a labelled video with a random gap, direction and crop.
Planning looks at no pixels, only at facts that are known of each picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.training import plots
from vos_annotator.training.drafts import Draft
from vos_annotator.training.material import Facts, Material, Seen
from vos_annotator.training.plans import MAX_OBJECTS, Light, Plan
from vos_annotator.training.recipe import Data, Stage
from vos_annotator.training.scenes import Clip, draw
from vos_annotator.training.sources import Sources
from vos_annotator.training.ways import Way, place, wander

_TRIES = 200


@dataclass(frozen=True)
class ClipMix:
    """What clips are made of.

    Attributes:
        length: Frames a clip, T.
        size: Side of the crop, S, in pixels; a multiple of 16.
        video_share: Probability of a labelled video; the rest are made from stills.
        compose_share: Probability that a clip from stills is a scene of cut-outs.
        max_gap: How far the second frame of a video clip may be from the first, in tens of
            frames; the others follow in steps of one to three frames, none larger than this.
        video_weights: Weight of a video by the name of its set; 1 where not named.
    """

    length: int = 4
    size: int = 224
    video_share: float = 0.55
    compose_share: float = 0.35
    max_gap: int = 6
    video_weights: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, stage: Stage, data: Data) -> "ClipMix":
        """Return what a stage of a recipe asks for; its gaps are those in the middle."""
        return cls(
            length=stage.length,
            size=stage.size,
            video_share=stage.videos,
            compose_share=stage.compositions,
            max_gap=stage.gaps[1],
            video_weights=tuple(data.weights.items()),
        )


class ClipMaker:
    """Makes random clips; the same seed gives the same clips."""

    def __init__(self, sources: Sources | Material, mix: ClipMix) -> None:
        """`sources` may be the material of another maker, which knows its pictures already.

        Raises:
            UserError: It is cut-outs alone.
        """
        if isinstance(sources, Sources):
            sources = Material(sources, dict(mix.video_weights))
        if not sources.stills and not sources.videos:
            raise UserError(
                "The training data has cut-outs and nothing to put them on: add stills or videos "
                "to data.sets."
            )
        self.mix, self.material = mix, sources

    def make(self, rng: np.random.Generator, max_gap: int | None = None) -> Clip:
        """Return a clip in which every object is visible in the first frame.

        Args:
            rng: Where chance comes from.
            max_gap: In place of the mix's.
        """
        while True:
            clip = draw(self.plan(rng, max_gap), self.material, self.mix.size)
            if clip is not None:
                return clip

    def plan(self, rng: np.random.Generator, max_gap: int | None = None) -> Plan:
        """Return what a clip will show.

        Raises:
            UserError: The sources have nothing that could be tracked.
        """
        for _ in range(_TRIES):
            draft = Draft(self.material, self.mix.length, self.mix.size, rng)
            if (rng.random() < self.mix.video_share and self.material.videos) or not len(
                self.material.stills
            ):
                self._film(draft, max_gap or self.mix.max_gap)
            elif rng.random() < self.mix.compose_share:
                self._compose(draft)
            else:
                self._move(draft)
            if draft.objects:
                return draft.plan(_light(self.mix.length, rng), rng.random() < 0.5)
        raise UserError("No clip can be made of the data: its masks show nothing to track.")

    def _film(self, draft: Draft, max_gap: int) -> None:
        """Show a part of a labelled video."""
        rng, length = draft.rng, draft.length
        frames = self.material.pick_video(rng)
        pictures = frames.start + _times(len(frames), length, max_gap, rng)
        known = [self.material.facts(number) for number in pictures.tolist()]
        facts, seen = known[0], _choose(known[0], rng)
        if not seen or None in known:
            return
        haste = rng.choice([1.0, 4.0], p=[0.85, 0.15])  # of the camera
        shutter = float(rng.uniform(0.3, 0.9)) if haste > 1 and rng.random() < 0.5 else 0.0
        draft.open(pictures, self._crop(facts, seen[0], haste, rng), shutter, 0.0, 0.0)
        if not draft.follow(seen):
            return
        if rng.random() < 0.12:
            plots.pass_by(draft, 1)
            draft.show_again()
        if rng.random() < 0.2:
            for _ in range(rng.choice([1, 1, 1, 3])):  # another, or a crowd
                order = rng.choice(3, p=[0.5, 0.25, 0.25])
                when = (pictures, pictures[::-1], np.full(length, pictures[0]))[order]
                plots.double(draft, when, seen[0])
        if rng.random() < 0.1:
            self._cover(draft, pictures, seen[0])
        elif rng.random() < 0.25:
            plots.pass_by(draft, 1)

    def _cover(self, draft: Draft, pictures: NDArray[np.int64], seen: Seen) -> None:
        """Let something sweep over an object of a video, in the middle of the clip."""
        middle = draft.length // 2
        facts = self.material.facts(int(pictures[middle]))
        found = [each for each in facts.objects if each.id == seen.id] if facts else []
        if found:
            when = middle / max(draft.length - 1, 1)
            at, extent = draft.where(found[0], when)
            if extent < 0.6 and when < 1:
                plots.cover(draft, at, extent, when)

    def _move(self, draft: Draft) -> None:
        """Set a still in motion."""
        rng = draft.rng
        number = self.material.pick_still(rng)
        facts = self.material.facts(number)
        seen = _choose(facts, rng)
        if not seen:
            return
        self._open(draft, number, facts, rng.choice([0.4, 1.0, 1.8]))
        if not draft.follow(seen):
            return
        behind = rng.random() < 0.2
        if behind:
            plots.pass_by(draft, 2)
        if rng.random() < 0.3:
            plots.double(draft, np.full(draft.length, number), seen[0])
        if behind:
            draft.show_again()
        if rng.random() < 0.25:
            plots.roam(draft, is_tracked=True)
        if rng.random() < 0.15:
            when = rng.uniform(0.4, 0.7)
            at, extent = draft.where(seen[0], when)
            if extent < 0.6:
                plots.cover(draft, at, extent, when)
        elif rng.random() < 0.55:
            plots.pass_by(draft, 2)

    def _compose(self, draft: Draft) -> None:
        """Play a plot with cut-outs over a still."""
        rng = draft.rng
        number = self.material.pick_still(rng)
        facts = self.material.facts(number)
        if facts is None:
            return
        self._open(draft, number, facts, 0.7)
        plot = rng.choice(["roam", "cross", "hide", "rush", "assemble"], p=_PLOTS)
        tracked = int(rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]))
        if plot == "cross":
            plots.cross(draft, tracked)
        else:
            act = getattr(plots, plot)
            for n in range(max(tracked, int(rng.integers(1, 4)))):
                act(draft, n < tracked)
                act = plots.roam if plot == "hide" else act
        if rng.random() < 0.3:
            plots.pass_by(draft, 1)

    def _open(self, draft: Draft, number: int, facts: Facts, speed: float) -> None:
        """Begin with a moving, bending view of a still."""
        rng = draft.rng
        scale = draft.size / min(facts.shape) * rng.uniform(0.8, 1.5)
        start = place(*rng.normal(0.5, 0.08, 2), scale, rng, tilt=0.14)
        shutter = float(rng.uniform(0.3, 0.9)) if rng.random() < 0.1 else 0.0
        shake = rng.uniform(0.002, 0.01) if rng.random() < 0.3 else 0.0
        pictures = np.full(draft.length, number)
        draft.open(pictures, wander(start, 0.6 * speed, rng), shutter, rng.choice(_BENDS), shake)

    def _crop(self, facts: Facts, seen: Seen, haste: float, rng: np.random.Generator) -> Way:
        """Return the camera of a video clip: a crop near an object that drifts."""
        height, width = facts.shape
        side = rng.uniform(0.4, 1.0) * min(height, width)
        near = seen.points[rng.integers(len(seen.points))] + rng.normal(0, side / 6, 2)
        x, y = np.clip(near, side / 2, (width - side / 2, height - side / 2))
        ends, angle = [], rng.normal(0, 0.07)
        for _ in range(2):
            scale = self.mix.size / side
            dx, dy = np.array([width / 2 - x, height / 2 - y]) / side
            cosine, sine = np.cos(angle), np.sin(angle)
            at = 0.5 + dx * cosine - dy * sine, 0.5 + dx * sine + dy * cosine
            ends.append([*at, np.log(scale), angle, 0.0])
            x, y = np.array([x, y]) + rng.normal(0, haste * side / 25, 2)
            side, angle = side * rng.uniform(0.93, 1.07), angle + rng.normal(0, 0.05)
        return Way(np.array(ends), np.array([0.0, 1.0]))


_PLOTS = (0.32, 0.24, 0.14, 0.12, 0.18)
_BENDS = (0.0, 0.02, 0.05)  # of a still, shares of its sides
_REACH, _STEP = 10, 3  # frames: to the second one for each of `max_gap`; between later ones


def _times(count: int, length: int, max_gap: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which frames of a video a clip shows, forwards or backwards; (length,).

    As in use: the latest frame is near, the first one anywhere before it. A video that is too
    short for that stands still at its end.
    """
    steps = rng.integers(1, min(_STEP, max_gap) + 1, length - 2)
    if steps.sum() > count - 2:
        steps[:] = 1
    jump = rng.integers(1, max(1, min(_REACH * max_gap, count - 1 - steps.sum())) + 1)
    times = np.concatenate([[0, jump], jump + np.cumsum(steps)])
    times = np.minimum(times + rng.integers(max(1, count - times[-1])), count - 1)
    return times if rng.random() < 0.5 else count - 1 - times


def _choose(facts: Facts | None, rng: np.random.Generator) -> list[Seen]:
    """Return up to as many objects as can be tracked, in any order."""
    if facts is None:
        return []
    order = rng.permutation(len(facts.objects))
    return [facts.objects[n] for n in order[: int(rng.integers(1, MAX_OBJECTS + 1))]]


def _light(length: int, rng: np.random.Generator) -> Light:
    """Return random light that wavers, sometimes drifts, and is sometimes badly stored."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.92, 1.08, 3) * rng.normal(1, 0.02, (length, 1))
    if rng.random() < 0.2:  # a cloud, or a camera that adapts
        ends = rng.normal(0, 0.25, 2)
        gain = gain * np.exp(np.linspace(*ends, length) - ends.mean() / 2)[:, None]
    blur = tuple(int(side) for side in rng.choice([1, 3, 5], 2)) if rng.random() < 0.12 else (1, 1)
    quality = int(rng.integers(12, 60)) if rng.random() < 0.15 else 0
    gamma = float(rng.uniform(0.8, 1.25))
    return Light(gain.astype(np.float32), gamma, bool(rng.random() < 0.05), blur, quality)
