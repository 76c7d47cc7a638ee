"""Learning a video: better at what a person drew, the same each time, kept if it does good."""

import cv2
import numpy as np
import pytest
import torch

from vos_annotator.mobilevos.adaptation import Lesson, adapt, learnt_decoder
from vos_annotator.mobilevos.checkpoint import DEFAULT, find_checkpoint, load_checkpoint
from vos_annotator.mobilevos.lessons import moved
from vos_annotator.mobilevos.network import Network


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def network():
    network, _ = load_checkpoint(find_checkpoint(DEFAULT))
    return network


def lesson(network: Network, seed: int, is_inside: bool = True) -> Lesson:
    """Return a lesson on a bright disk, which the mask shows; or all but the disk."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 90, (64, 96, 3), dtype=np.uint8)
    mask = np.zeros((64, 96), np.float32)
    where = (int(rng.integers(20, 76)), int(rng.integers(20, 44)))
    cv2.circle(image, where, 14, (230, 220, 90), -1)
    cv2.circle(mask, where, 14, 1.0, -1)
    if not is_inside:
        mask = 1 - mask
    with torch.no_grad():
        pixels = torch.from_numpy(image)[None].permute(0, 3, 1, 2).float() / 255
        features = network.encode(pixels)
        masks = torch.from_numpy(mask)[None, None]
        none = torch.zeros_like(masks)
        read = 0.1 * torch.randn_like(network.memorize(features, pixels, none, none))
        return Lesson(read, features, torch.nn.functional.avg_pool2d(masks, 4)[0])


def test_a_decoder_is_better_at_the_lessons_that_it_learnt(network):
    lessons = [lesson(network, seed) for seed in range(4)]

    learnt = adapt(network.decoder, lessons, 30, never)

    before = sum(each.loss(network.decoder).item() for each in lessons)
    after = sum(each.loss(learnt).item() for each in lessons)
    assert after < 0.8 * before


def test_the_decoder_that_was_given_stays_as_it_is(network):
    weights = {name: tensor.clone() for name, tensor in network.decoder.state_dict().items()}

    adapt(network.decoder, [lesson(network, 0)], 5, never)

    for name, tensor in network.decoder.state_dict().items():
        assert torch.equal(tensor, weights[name])


def test_the_same_lessons_teach_the_same_to_the_bit(network):
    lessons = [lesson(network, seed) for seed in range(3)]

    once, twice = (adapt(network.decoder, lessons, 8, never) for _ in range(2))

    for a, b in zip(once.parameters(), twice.parameters(), strict=True):
        assert torch.equal(a, b)


def test_learning_ends_where_it_is_cancelled(network):
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) == 3

    assert adapt(network.decoder, [lesson(network, 0)], 50, cancelled) is None
    assert len(asked) == 3


def test_it_is_asked_whether_to_go_on_at_least_at_every_lesson_that_is_tried(network, monkeypatch):
    happened, overlap = [], Lesson.overlap

    def tried(self, decoder):
        happened.append("tried")
        return overlap(self, decoder)

    monkeypatch.setattr(Lesson, "overlap", tried)
    lessons = [[lesson(network, seed + 10 * n) for n in range(6)] for seed in range(2)]
    learnt_decoder(network.decoder, lessons, lambda: happened.append("asked"))

    assert happened.count("tried") == 2 * 12
    assert all("asked" in happened[n : n + 3] for n in range(len(happened) - 3))


def test_what_teaches_how_the_object_looks_is_kept(network):
    lessons = [[lesson(network, seed)] for seed in range(6)]

    learnt = learnt_decoder(network.decoder, lessons, never)

    assert learnt is not network.decoder
    unseen = lesson(network, 99)
    assert unseen.overlap(learnt) > unseen.overlap(network.decoder) + 0.2


def test_what_does_not_help_on_references_left_out_is_not_kept(network):
    knowing = adapt(network.decoder, [lesson(network, seed) for seed in range(6)], 60, never)
    contradicting = [[lesson(network, n, is_inside=n % 2 == 0)] for n in range(6)]

    assert learnt_decoder(knowing, contradicting, never) is knowing


def test_one_reference_teaches_nothing(network):
    assert learnt_decoder(network.decoder, [[lesson(network, 0)]], never) is network.decoder


def test_an_empty_mask_that_is_found_empty_is_right(network):
    right = lesson(network, 0)
    nothing = Lesson(right.read, right.features, torch.zeros_like(right.masks))

    silent = adapt(network.decoder, [nothing], 60, never)

    assert nothing.overlap(silent) == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_a_moved_frame_shows_the_object_about_where_its_mask_is(seed):
    image = np.full((120, 160, 3), 40, np.uint8)
    label_map = np.zeros((120, 160), np.uint8)
    cv2.circle(image, (80, 60), 25, (200, 200, 200), -1)
    cv2.circle(label_map, (80, 60), 25, 3, -1)

    picture, mask = moved(image, label_map, np.random.default_rng(seed))

    shown, told = picture[..., 0] > 120, mask == 3
    assert picture.shape == image.shape and set(np.unique(mask)) == {0, 3}
    assert (shown & told).sum() > 0.75 * (shown | told).sum()
    assert not np.array_equal(told, label_map == 3)
