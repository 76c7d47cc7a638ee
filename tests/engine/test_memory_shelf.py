"""What was remembered of references is taken up again, and only where it is what it would be."""

import shutil

import numpy as np
import pytest

from tests.core.small_disk import full_disk
from tests.engine.fakes import ShadeVideo, ToldEngine, square
from vos_annotator.core.masks import encode_png
from vos_annotator.engine import memory_shelf
from vos_annotator.engine.commands import (
    Failed,
    Learn,
    Learned,
    Propagate,
    Segmented,
    SetReference,
)
from vos_annotator.engine.knowledge import Knowledge
from vos_annotator.engine.memory_shelf import MemoryShelf, shelf_folder
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.worker import InferenceWorker

PNG, OTHER = encode_png(square(1)), encode_png(square(2))


class Recalling(ToldEngine):
    """Remembers label maps; takes up those that say what they are."""

    memory_mark = "mark1"

    def remembered(self, frame):
        return b"map " + self.memory[frame]

    def recall(self, frame, content):
        self._enter("recall", frame)
        if not content.startswith(b"map "):
            return False
        self.memory[frame], self.ids[frame] = content[4:], (1,)
        return True


@pytest.fixture
def folder(tmp_path):
    return shelf_folder(tmp_path / "clip.vos")


def asked(folder, *references, engine=None, fingerprint="clip"):
    """Return what an engine was asked for when it was taught references."""
    engine = engine or Recalling()
    knowledge = Knowledge(ShadeVideo(), MemoryShelf(folder, fingerprint))
    for reference in references:
        knowledge.said.set(reference)
    knowledge.teach(engine, lambda: False)
    return engine.log, engine.memory


def test_a_reference_is_looked_at_once_and_recalled_from_then_on(folder):
    log, memory = asked(folder, SetReference(3, PNG), SetReference(5, OTHER))
    assert log == [("memorize", 3), ("memorize", 5)]

    again, recalled = asked(folder, SetReference(3, PNG), SetReference(5, OTHER))

    assert again == [("recall", 3), ("recall", 5)]
    assert recalled == memory


class Close(Recalling):
    """Also looks at every reference from near, and at what it learns from."""

    level = staticmethod(lambda frame: 5.0)

    def refine(self, frame, image, label_map, reference):
        self.near = {each: reference(each) for each in self.memory}
        return np.where(np.arange(label_map.shape[1]) < 16, label_map, 2).astype(np.uint8)

    def learn(self, references, cancelled=lambda: False):
        self.taught = [frame for frame, _, _ in references]
        return True

    def unlearn(self):
        pass


def test_what_is_recalled_of_a_frame_that_cannot_be_decoded_any_more_counts_and_ends_nothing(
    folder,
):
    references = SetReference(0, PNG), SetReference(5, PNG)
    asked(folder, *references)
    video, engine = ShadeVideo(), Close()
    video.damaged.add(5)
    worker = InferenceWorker(
        "told", video, load=lambda *_: engine, shelf=MemoryShelf(folder, "clip")
    )
    for command in (*references, Propagate(tuple(plan([0, 5], 0, 4)), 1, refines=True), Learn(1)):
        worker.submit(command)
    worker.start()
    found = []
    while not any(isinstance(each, Learned) or each is None for each in found):
        found.append(worker.results.take(timeout=3))
    worker.close()

    assert [each for each in found if isinstance(each, Failed)] == []
    final = {each.frame for each in found if isinstance(each, Segmented) and each.final}
    assert final == {1, 2, 3, 4}
    assert [each for each in engine.log if "recall" in each] == [("recall", 0), ("recall", 5)]
    assert engine.taught == [0] and not engine.near[5][1].any() and engine.near[0][1].any()


@pytest.mark.parametrize(
    ("reference", "mark", "fingerprint"),
    [
        (SetReference(3, OTHER), "mark1", "clip"),
        (SetReference(3, PNG, frozenset({1})), "mark1", "clip"),
        (SetReference(4, PNG), "mark1", "clip"),
        (SetReference(3, PNG), "mark2", "clip"),
        (SetReference(3, PNG), "mark1", "another clip"),
    ],
)
def test_whatever_differs_is_looked_at_again(folder, reference, mark, fingerprint):
    asked(folder, SetReference(3, PNG))
    engine = Recalling()
    engine.memory_mark = mark

    log, _ = asked(folder, reference, engine=engine, fingerprint=fingerprint)

    assert log == [("memorize", reference.frame)]


def test_what_is_damaged_or_cut_off_counts_for_nothing_and_is_mended(folder):
    asked(folder, SetReference(3, PNG))
    (file,) = folder.glob("mark1/3-*")
    whole = file.read_bytes()
    for damaged in (b"", whole[:10], whole[:-1], whole[:-1] + b"?"):
        file.write_bytes(damaged)
        assert asked(folder, SetReference(3, PNG))[0] == [("memorize", 3)]
        assert file.read_bytes() == whole


def test_what_an_engine_does_not_take_up_is_looked_at(folder):
    shelf = MemoryShelf(folder, "clip")
    shelf.put("mark1", SetReference(3, PNG), b"something else")

    assert asked(folder, SetReference(3, PNG))[0] == [("recall", 3), ("memorize", 3)]


def test_the_folder_may_be_deleted_at_any_time(folder):
    shelf = MemoryShelf(folder, "clip")
    shelf.put("mark1", SetReference(3, PNG), b"a")
    shutil.rmtree(folder)

    assert shelf.get("mark1", SetReference(3, PNG)) is None
    shelf.put("mark1", SetReference(3, PNG), b"b")
    assert shelf.get("mark1", SetReference(3, PNG)) == b"b"


def test_a_frame_that_is_corrected_again_and_again_takes_the_room_of_one(folder):
    shelf = MemoryShelf(folder, "clip")
    for png in (PNG, OTHER, PNG):
        shelf.put("mark1", SetReference(3, png), png)
        shelf.put("mark1", SetReference(30, png), png)

    assert len(list(folder.glob("mark1/*"))) == 2
    assert shelf.get("mark1", SetReference(3, OTHER)) is None


def test_the_memory_of_engines_long_gone_is_dropped(folder):
    shelf = MemoryShelf(folder, "clip")
    for mark in ("one", "two", "three", "four", "five"):
        shelf.put(mark, SetReference(3, PNG), b"a")

    assert len([each for each in folder.iterdir() if each.is_dir()]) == 4
    assert shelf.get("five", SetReference(3, PNG)) == b"a"


def test_a_shelf_that_is_full_keeps_what_it_has(folder, monkeypatch):
    monkeypatch.setattr(memory_shelf, "LIMIT", 100)
    shelf = MemoryShelf(folder, "clip")
    shelf.put("mark1", SetReference(3, PNG), b"a" * 60)
    shelf.put("mark1", SetReference(4, PNG), b"b" * 60)

    assert shelf.get("mark1", SetReference(3, PNG)) == b"a" * 60
    assert shelf.get("mark1", SetReference(4, PNG)) is None


def test_what_a_full_disk_did_not_take_whole_is_not_left_there(folder):
    shelf = MemoryShelf(folder, "clip")
    shelf.put("mark1", SetReference(3, PNG), b"a" * 60)
    with full_disk(100):
        shelf.put("mark1", SetReference(4, PNG), b"b" * 200)

    assert len(list((folder / "mark1").iterdir())) == 1
    assert shelf.get("mark1", SetReference(3, PNG)) == b"a" * 60
    shelf.put("mark1", SetReference(4, PNG), b"b" * 200)
    assert shelf.get("mark1", SetReference(4, PNG)) == b"b" * 200


def test_where_nothing_can_be_written_everything_works_without(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")

    assert asked(blocked, SetReference(3, PNG))[0] == [("memorize", 3)]


def test_an_engine_that_cannot_recall_is_never_asked_to(folder):
    assert asked(folder, SetReference(3, PNG), engine=ToldEngine())[0] == [("memorize", 3)]
    assert not folder.exists()
