"""The trainer on a small data folder of its own: clips, losses, one real run."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.checkpoint import load_checkpoint
from vos_annotator.mobilevos.network import Network, NetworkConfig
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.losses import bootstrapped_cross_entropy, dice
from vos_annotator.training.sources import find_sources
from vos_annotator.training.strokes import draw_strokes
from vos_annotator.training.trainer import WARM_UP, ClipStream, Recipe, Trainer, batch_loss
from vos_annotator.training.unroll import compete, others_of

SMALL = NetworkConfig(value_dim=16, decoder=(16, 8, 8))


def write_pair(folder, name: str, x: int, rng: np.random.Generator) -> None:
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    picture = rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
    mask = np.zeros((120, 160), np.uint8)
    cv2.circle(picture, (x, 60), 30, (30, 200, 40), -1)
    cv2.circle(mask, (x, 60), 30, 1, -1)
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), picture)
    Image.fromarray(mask).save(folder / "masks" / f"{name}.png")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for n in range(4):
        write_pair(root / "stills" / "disks", f"{n}", 50 + 15 * n, rng)
        write_pair(root / "cutouts" / "disks", f"{n}", 80, rng)
    for mask in (root / "cutouts" / "disks" / "masks").iterdir():
        Image.fromarray(np.array(Image.open(mask)) * 255).save(mask)
    for n in range(8):
        write_pair(root / "videos" / "set" / "roll", f"{n:05d}", 40 + 8 * n, rng)
    return root


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_every_clip_shows_its_objects_first_and_masks_never_overlap(data, share):
    maker = ClipMaker(find_sources(data), ClipMix(length=3, size=64, video_share=share))
    rng = np.random.default_rng(0)
    for _ in range(25):
        clip = maker.make(rng)
        assert clip.images.shape == (3, 64, 64, 3)
        assert clip.masks.shape[0] == 3
        assert clip.masks[0].any((1, 2)).all()
        assert clip.masks.sum(1).max() <= 1


def test_the_same_seed_makes_the_same_clips(data):
    maker = ClipMaker(find_sources(data), ClipMix(length=3, size=64))
    first, second = (maker.make(np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.masks, second.masks)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no training data"):
        find_sources(tmp_path)


def test_a_picture_without_a_mask_is_named_and_skipped(tmp_path, caplog):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_pair(tmp_path / "stills" / "s", name, 60, rng)
    (tmp_path / "stills" / "s" / "masks" / "a.png").unlink()
    assert len(find_sources(tmp_path).stills) == 1
    assert "a.jpg" in caplog.text


def test_some_strokes_reach_the_thin_parts_of_an_object():
    mask = np.zeros((96, 96), bool)
    mask[40:70, 10:40] = True
    mask[54:57, 40:80] = True  # a tail
    rng = np.random.default_rng(0)
    reached = [draw_strokes(mask, rng)[0][:, 60:].any() for _ in range(60)]
    assert 15 < sum(reached) < 58


def test_strokes_inside_lie_in_the_mask_and_strokes_outside_do_not():
    mask = np.zeros((96, 96), bool)
    mask[20:70, 30:60] = True
    rng = np.random.default_rng(1)
    for _ in range(30):
        inside, outside = draw_strokes(mask, rng)
        assert inside.any()
        assert not (inside & ~mask).any()
        assert not (outside & mask).any()


def test_losses_are_least_where_the_mask_is_right():
    target = torch.zeros(1, 32, 32)
    target[:, 8:20, 8:20] = 1
    right, wrong = (target - 0.5) * 20, (0.5 - target) * 20
    assert dice(right, target) < 0.01 < 0.9 < dice(wrong, target)
    assert bootstrapped_cross_entropy(right, target, 0.2) < 1e-3
    assert bootstrapped_cross_entropy(wrong, target, 0.2) > 5


def test_bootstrapping_counts_the_hardest_pixels_only():
    log_odds, target = torch.full((1, 10, 10), -8.0), torch.zeros(1, 10, 10)
    target[0, 0, 0] = 1  # one of a hundred pixels is wrong, by 8
    assert bootstrapped_cross_entropy(log_odds, target, 0.01).item() == pytest.approx(8, abs=0.01)
    assert bootstrapped_cross_entropy(log_odds, target, 1).item() == pytest.approx(0.08, abs=0.01)


def test_objects_compete_within_their_clip_only():
    logits = torch.randn(3, 4, 4)
    owner = torch.tensor([0, 0, 1])
    together = compete(logits, owner, 2)
    alone = compete(logits[2:], torch.tensor([0]), 1)
    torch.testing.assert_close(together[2:], alone)
    probability = together[:2].sigmoid().sum(0)
    assert (probability <= 1 + 1e-5).all()


def test_the_others_of_an_object_are_those_of_its_clip():
    masks = torch.eye(3)[:, None, :].repeat(1, 2, 1)
    others = others_of(masks, torch.tensor([0, 0, 1]), 2)
    assert torch.equal(others[0], masks[1])
    assert torch.equal(others[2], torch.zeros(2, 3))


def test_every_trained_weight_gets_a_gradient(data):
    torch.manual_seed(0)
    recipe = Recipe(batch=3, clip=3, size=64)
    trainer = Trainer(Network(SMALL), find_sources(data), recipe, data)
    batch = trainer._to_device(next(iter(ClipStream(trainer.sources, recipe, 0))))
    loss, _ = batch_loss(trainer.network, batch, 1.0)
    loss.backward()
    for name, parameter in trainer.network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_steps_on_one_batch_lower_its_loss(data):
    torch.manual_seed(0)
    recipe = Recipe(rate=2e-3, batch=2, clip=3, size=64)
    trainer = Trainer(Network(SMALL), find_sources(data), recipe, data)
    trainer.step = WARM_UP
    batch = trainer._to_device(next(iter(ClipStream(trainer.sources, recipe, 0))))
    losses = [trainer._step(batch, 0.0)["tracking"] for _ in range(30)]
    assert min(losses[-5:]) < 0.7 * losses[0]


def test_a_run_is_saved_and_resumes_where_it_was(data, tmp_path, capsys):
    recipe = Recipe(minutes=0.05, batch=2, clip=2, size=64, workers=0)
    sources = find_sources(data)
    trainer = Trainer(Network(SMALL), sources, recipe, tmp_path)
    trainer.run(log_every=1)
    assert f"step {trainer.step}" in capsys.readouterr().out

    again = Trainer(Network(SMALL), sources, recipe, tmp_path)
    again.resume()

    assert again.step == trainer.step
    for ours, theirs in zip(trainer.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    network, notes = load_checkpoint(tmp_path / "average.safetensors")
    assert network.config == SMALL
    assert notes["step"] == trainer.step


def test_there_is_nothing_to_resume_in_an_empty_folder(data, tmp_path):
    trainer = Trainer(Network(SMALL), find_sources(data), Recipe(), tmp_path)
    with pytest.raises(UserError, match="no run to resume"):
        trainer.resume()
