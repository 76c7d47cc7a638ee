"""Drawing on a GPU, tried on a CPU: it draws what OpenCV draws, and marks what it should."""

from itertools import islice

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.small_data import small_sources, write_small_data
from vos_annotator.training import batches
from vos_annotator.training.atlas import Atlas
from vos_annotator.training.atlas_light import Lamp
from vos_annotator.training.atlas_scenes import Artist
from vos_annotator.training.atlas_strokes import draw_strokes
from vos_annotator.training.batches import ClipLoader
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.scenes import draw
from vos_annotator.training.sheets import read_sheet, write_sheet

CPU = torch.device("cpu")
no_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
DEVICES = [CPU, pytest.param(torch.device("cuda"), marks=no_gpu)]
MIX = ClipMix(length=3, size=64)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Pictures without noise: between two pixels of noise any two ways to draw differ."""
    root = write_small_data(tmp_path_factory.mktemp("data"))
    for path in root.rglob("images/*.jpg"):
        smooth = cv2.GaussianBlur(cv2.imread(str(path)), (0, 0), 4)
        cv2.imwrite(str(path), smooth)
    mask = next((root / "stills" / "disks" / "masks").iterdir())
    labels = np.array(Image.open(mask))
    labels[5:35, 100:150] = 2
    Image.fromarray(labels).save(mask)
    return small_sources(root)


def drawn_twice(sources, mix: ClipMix, count: int, seed: int, device: torch.device):
    """Give plans, each with its clip by OpenCV, and images and masks by torch."""
    maker = ClipMaker(sources, mix)
    artist = Artist(Atlas(maker.material, device), mix.size)
    rng = np.random.default_rng(seed)
    for _ in range(count):
        plan = maker.plan(rng)
        block, text = write_sheet([plan], mix.size, np.zeros(1, bool), 1)
        batch = artist.draw(read_sheet(block.to(device), text), mix.length)
        images = batch.images[:, 0].permute(0, 2, 3, 1).mul(255).cpu().numpy()
        masks = batch.masks.bool().cpu().numpy()
        yield plan, draw(plan, maker.material, mix.size), images, masks


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("kind", ["videos", "stills", "compositions"])
def test_torch_draws_what_opencv_draws(sources, kind, device):
    shares = {"video_share": kind == "videos", "compose_share": kind == "compositions"}
    mix = ClipMix(length=3, size=64, **shares)
    for plan, clip, images, masks in drawn_twice(sources, mix, 25, 3, device):
        if clip is None:
            assert not masks.any()
            continue
        away = np.abs(images - clip.images)
        assert away.mean() < (5 if plan.light.quality else 1)
        if not plan.light.quality:
            assert np.percentile(away, 99) < 12
        seen = masks[0].any((1, 2))
        assert np.mean(masks[:, seen] != clip.masks) < 0.004


def test_a_batch_is_drawn_as_its_clips_are_one_by_one(sources):
    maker = ClipMaker(sources, MIX)
    artist = Artist(Atlas(maker.material, CPU), MIX.size)
    rng = np.random.default_rng(1)
    plans = [maker.plan(rng) for _ in range(6)]
    keyed = np.array([True, False] * 3)

    def drawn(chosen, keyed):
        return artist.draw(read_sheet(*write_sheet(chosen, MIX.size, keyed, 1)), MIX.length)

    whole = drawn(plans, keyed)
    assert whole.owner.tolist() == [n for n, p in enumerate(plans) for _ in range(p.objects)]
    assert torch.equal(whole.keyed, torch.from_numpy(keyed)[whole.owner])
    for n, plan in enumerate(plans):
        alone = drawn([plan], keyed[:1])
        assert torch.equal(alone.images[:, 0], whole.images[:, n])
        assert torch.equal(alone.masks, whole.masks[:, whole.owner == n])


def test_a_loader_that_draws_on_the_device_gives_the_same_batches_whoever_plans_them(sources):
    def batches(count: int, **options):
        options = {"mix": MIX, "batch": 2, "seed": 3, "workers": 0} | options
        return list(islice(ClipLoader(sources, on_device=True, **options), count))

    def same(one, other) -> bool:
        pairs = zip(vars(one).values(), vars(other).values(), strict=True)
        return all(torch.equal(a, b) for a, b in pairs)

    alone = batches(4)
    assert all(map(same, alone, batches(4, workers=2)))
    assert same(alone[3], batches(1, start=3)[0])
    assert not same(alone[0], alone[1])
    assert alone[0].images.shape == (3, 2, 3, 64, 64)
    assert alone[0].images[0].is_contiguous(memory_format=torch.channels_last)


def test_objects_that_the_first_frame_does_not_show_are_nowhere(sources):
    for batch in islice(ClipLoader(sources, MIX, 4, 0, workers=0, on_device=True), 6):
        nowhere = ~batch.masks[0].flatten(1).any(1)
        assert not batch.masks[:, nowhere].any()
        assert nowhere.float().mean() < 0.2


def test_pictures_that_cannot_be_read_do_not_keep_the_others_from_the_device(tmp_path, caplog):
    sources = small_sources(write_small_data(tmp_path))
    sources.stills[0].picture.write_bytes(b"no picture")
    sources.videos[0].frames[2][1].write_bytes(b"no mask")
    batch = next(iter(ClipLoader(sources, MIX, 4, 0, workers=0, on_device=True)))
    assert batch.masks.any()
    assert sources.stills[0].picture.name in caplog.text


@no_gpu
def test_a_gpu_never_holds_the_pictures_twice(sources):
    material = ClipMaker(sources, MIX).material
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    atlas = Atlas(material, torch.device("cuda"))
    assert torch.cuda.max_memory_allocated() - before < 1.2 * atlas.pixels.nbytes + 2**20


def test_that_a_device_cannot_hold_the_pictures_is_found_out_once(tmp_path, monkeypatch, caplog):
    sources = small_sources(write_small_data(tmp_path))
    tried = []

    def refuse(material, device):
        tried.append(device)
        raise torch.OutOfMemoryError

    monkeypatch.setattr(batches, "Atlas", refuse)
    for stage in range(3):
        loader = ClipLoader(sources, MIX, batch=1, seed=stage, workers=0, on_device=True)
        assert next(iter(loader)).images.shape == (3, 1, 3, 64, 64)
    assert len(tried) == 1
    assert caplog.text.count("cannot hold all pictures") == 1


def test_strokes_lie_where_they_should_and_every_object_gets_some():
    masks = torch.zeros(40, 96, 96)
    masks[:20, 20:70, 30:60] = 1
    masks[20:, 40:44, 10:90] = 1  # thin
    inside, outside = draw_strokes(masks, torch.Generator().manual_seed(0)) > 0
    assert inside.flatten(1).any(1).all()
    assert not (inside & (masks == 0)).any()
    assert not (outside & (masks == 1)).any()
    assert 0.02 < inside[:20].sum() / masks[:20].sum() < 0.4
    assert 0.3 < outside.flatten(1).any(1).float().mean() <= 1


def test_a_mask_that_is_empty_gets_no_stroke_inside():
    inside, _ = draw_strokes(torch.zeros(8, 64, 64), torch.Generator().manual_seed(0))
    assert not inside.any()


@pytest.mark.parametrize("quality", [15, 50, 80])
def test_what_torch_stores_as_a_jpeg_looks_like_what_opencv_stores(quality):
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (64, 64, 3), np.uint8), (0, 0), 3)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    theirs = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(float)
    lamp = Lamp(CPU)
    ours = lamp.store(torch.from_numpy(image).float()[None], torch.tensor([float(quality)]))
    ours = ours[0].numpy()
    lost = np.abs(theirs - image).mean()
    assert np.abs(ours - theirs).mean() < 0.4 * lost + 0.5
    assert np.abs(ours - image).mean() == pytest.approx(lost, rel=0.25)


def test_drawing_keeps_to_one_device_and_never_waits_for_it(sources, monkeypatch):
    """On "meta" tensors have no values: asking for one fails, and so do those elsewhere."""

    class Nobody:
        def __init__(self, device):
            assert device.type == "meta"

        def manual_seed(self, seed):
            pass

    rand = torch.rand
    monkeypatch.setattr(torch, "Generator", Nobody)
    monkeypatch.setattr(torch, "rand", lambda *shape, generator, **more: rand(*shape, **more))
    maker = ClipMaker(sources, MIX)
    artist = Artist(Atlas(maker.material, torch.device("meta")), MIX.size)
    rng = np.random.default_rng(0)
    plans = [maker.plan(rng) for _ in range(40)]
    assert any(plan.light.quality for plan in plans)
    assert any(plan.light.blur != (1, 1) for plan in plans)
    block, text = write_sheet(plans, MIX.size, np.zeros(40, bool), 1)
    batch = artist.draw(read_sheet(block.to("meta"), text), MIX.length)
    assert {part.device.type for part in vars(batch).values()} == {"meta"}
