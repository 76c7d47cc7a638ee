"""Absences on the engine's side: stretches, their ends, and what a run makes of them."""

import numpy as np

from tests.engine.fakes import SHAPE, ShadeVideo, ToldEngine
from vos_annotator.core.masks import encode_png
from vos_annotator.core.object_flags import ObjectFlags
from vos_annotator.engine.absences import Absences
from vos_annotator.engine.commands import SetReference
from vos_annotator.engine.knowledge import Knowledge
from vos_annotator.engine.propagation import plan, propagate

VIDEO = ShadeVideo(10)


class Denier(ToldEngine):
    """Notes what it is told of absences."""

    def deny(self, frame, image, ids):
        self._enter("deny", frame, tuple(sorted(ids)), None if image is None else image[0, 0, 0])


def flags(**stretches):
    known = ObjectFlags(10)
    for name, frames in stretches.items():
        known.mark(np.array(frames, np.intp), [int(name[1:])])
    return known


def test_stretches_are_those_of_the_flags_and_their_ends_say_who_is_away():
    absences = Absences.of(flags(o1=[2, 3, 4, 9], o2=[4, 5]))

    assert absences.stretches == {1: (range(2, 5), range(9, 10)), 2: (range(4, 6),)}
    assert [sorted(absences.at(frame)) for frame in (1, 3, 4, 5, 9)] == [[], [1], [1, 2], [2], [1]]
    assert absences.ends() == {2: {1}, 4: {1, 2}, 5: {2}, 9: {1}}


def test_an_engine_is_told_the_ends_once_and_again_where_they_changed():
    engine, knowledge = Denier(), Knowledge(VIDEO)
    knowledge.said.absences = Absences.of(flags(o1=[2, 3, 4]))
    knowledge.teach(engine, lambda: False)
    knowledge.teach(engine, lambda: False)
    assert engine.log == [("deny", 2, (1,), 2), ("deny", 4, (1,), 4)]

    engine.log.clear()
    knowledge.said.absences = Absences.of(flags(o1=[4]))
    knowledge.teach(engine, lambda: False)
    assert engine.log == [("deny", 2, (), None)]


def test_an_end_that_cannot_be_decoded_keeps_an_engine_from_nothing_else():
    video = ShadeVideo()
    video.damaged.add(2)
    engine, knowledge = Denier(), Knowledge(video)
    knowledge.said.absences = Absences.of(flags(o1=[2, 3, 4]))
    knowledge.teach(engine, lambda: False)
    assert engine.log == [("deny", 4, (1,), 4)]


def test_a_pass_shows_an_absent_object_nowhere_whatever_the_engine_says():
    engine, knowledge = ToldEngine(), Knowledge(VIDEO)
    knowledge.said.set(SetReference(0, encode_png(np.ones(SHAPE, np.uint8))))
    knowledge.teach(engine, lambda: False)
    absences = Absences.of(flags(o1=[3, 4]))

    found = propagate(engine, VIDEO, plan([0], 0, 6), absent=absences.at)
    shown = {frame: bool(each.label_map().any()) for frame, each, _ in found}
    assert [frame for frame, is_shown in shown.items() if not is_shown] == [3, 4]
