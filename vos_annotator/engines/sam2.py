"""SAM 2 and 2.1 as an engine: references are its conditioning frames, a pass is its tracking.

For: the registry; needs the package `sam2` (extra of that name) and a checkpoint of its authors.
Frames come one at a time, so a video is never loaded as a whole. Belongs to one thread.

What a reference or a frame gives to memory is what `SAM2Base.track_step` gives; what is kept of
a pass is as much as the network reads. References lie in a temporary file, whatever their number.

Source: Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sam2.build_sam import build_sam2
from torch import Tensor

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.ledger import hash_of
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.translation import marked
from vos_annotator.engine.protocol import ABSENT, Segmentation
from vos_annotator.engines.spill import Spill

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIZES = {12: "t", 16: "s", 24: "b+", 48: "l"}  # blocks of the image encoder: the published four
_STEP, _SMALLEST, _OWN = 64, 128, 1024  # px of the square that it works at; what it was trained at
_OWN_SIZE = 480  # px of short side for which it works at its own
_FAR = 1 << 30  # frames of a video; nothing depends on how long it is

Output = dict[str, object]  # what a frame gives to memory, as `track_step` names it


class SAM2Engine:
    """Segments by SAM 2.

    Attributes:
        device: Where the network runs.
        provenance: The name and the hash of the checkpoint.
    """

    name = "sam2"
    summary = marked("SAM 2 and 2.1, slow without a GPU, for those who have a checkpoint.")

    def __init__(self, checkpoint: str | Path, size: int = 480) -> None:
        """Load the weights; which of the published networks they are of is read off them.

        Args:
            checkpoint: A .pt of its authors.
            size: 480 works at 1024 x 1024, as it was trained; less is quicker in proportion.

        Raises:
            UserError: The file is missing, or holds no weights of SAM 2.
        """
        path = Path(checkpoint)
        side = min(_OWN, round(size * _OWN / _OWN_SIZE / _STEP) * _STEP)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = load_sam2(path, max(_SMALLEST, side), self.device)
        self.provenance = {"checkpoint": path.stem, "checkpoint_sha256": hash_of(path)}
        self._references = Spill()
        self._showing: dict[int, set[int]] = {}  # object -> the references that show it
        self._pass: dict[int, OrderedDict[int, Output]] = {}  # object -> the frames that it reads
        self._latest: int | None = None  # the frame of the pass that came last
        self._seen: tuple[NDArray[np.uint8], tuple] | None = None

    @torch.inference_mode()
    def memorize(self, frame: int, image: NDArray[np.uint8], label_map: LabelMap) -> None:
        """Make `frame` a reference; again for the same frame replaces it."""
        self.forget(frame)
        side = self._network.image_size
        for object_id in object_ids(label_map):
            mask = (label_map == object_id).astype(np.float32)
            mask = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) > 0.5
            given = torch.from_numpy(mask)[None, None].float().to(self.device)
            output = self._step(frame, image, {}, {}, mask=given)
            self._references.put((frame, object_id), _kept(output))
            self._showing.setdefault(object_id, set()).add(frame)

    def forget(self, frame: int) -> None:
        """Undo `memorize`; a frame that is no reference is fine."""
        for object_id, frames in list(self._showing.items()):
            if frame in frames:
                self._references.drop((frame, object_id))
                frames.remove(frame)
            if not frames:
                del self._showing[object_id]

    def begin_pass(self) -> None:
        """Drop everything that is not a reference frame."""
        self._pass, self._latest = {}, None

    @torch.inference_mode()
    def segment(
        self, frame: int, image: NDArray[np.uint8], absent: Collection[int] = ()
    ) -> Segmentation:
        """Segment a frame by references and the frames of the pass before it."""
        ids = tuple(sorted(self._showing))
        if not ids:
            return Segmentation((), np.zeros((0, 1, 1), np.float32), image.shape[:2])
        logits = []
        for object_id in ids:
            before = self._pass.setdefault(object_id, OrderedDict())
            references = {
                each: self._remembered(each, object_id) for each in self._chosen(frame, object_id)
            }
            output = self._step(frame, image, references, before)
            logits.append(output["pred_masks"][0, 0].float().clamp(ABSENT, -ABSENT).cpu().numpy())
            if object_id not in absent:
                before[frame] = {key: output[key] for key in _REMEMBERED}
                while len(before) > self._network.max_obj_ptrs_in_encoder:
                    before.popitem(last=False)
        self._latest = frame
        return Segmentation(ids, np.stack(logits), image.shape[:2]).without(absent)

    def _chosen(self, frame: int, object_id: int) -> list[int]:
        """Return the references that are read: the first, and the nearest before and after."""
        frames = sorted(self._showing[object_id])
        after = bisect_right(frames, frame)
        return sorted({frames[0], *frames[max(after - 1, 0) : after + 1]})

    def _remembered(self, frame: int, object_id: int) -> Output:
        kept = {k: v.to(self.device) for k, v in self._references.get((frame, object_id)).items()}
        return {
            "maskmem_features": kept["features"].float(),
            "maskmem_pos_enc": [kept["positions"].float()],
            "obj_ptr": kept["pointer"].float(),
        }

    def _step(
        self,
        frame: int,
        image: NDArray[np.uint8],
        references: dict[int, Output],
        before: dict[int, Output],
        mask: Tensor | None = None,
    ) -> Output:
        """Track one object on one frame; with a `mask`, take the person's word for it."""
        features, positions, sizes = self._look(image)
        return self._network.track_step(
            frame_idx=frame,
            is_init_cond_frame=mask is not None,
            current_vision_feats=features,
            current_vision_pos_embeds=positions,
            feat_sizes=sizes,
            point_inputs=None,
            mask_inputs=mask,
            output_dict={"cond_frame_outputs": references, "non_cond_frame_outputs": before},
            num_frames=_FAR,
            track_in_reverse=self._is_backwards(frame, references),
        )

    def _is_backwards(self, frame: int, references: dict[int, Output]) -> bool:
        """Whether the pass runs towards the first frame; it begins beside a reference."""
        if self._latest is not None:
            return frame < self._latest
        return bool(references) and min(references, key=lambda each: abs(each - frame)) > frame

    def _look(self, image: NDArray[np.uint8]) -> tuple:
        """Return features of an image, their places and sizes; the last image's are kept."""
        if self._seen is None or self._seen[0] is not image:
            side = self._network.image_size
            small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) / 255
            small = ((small - MEAN) / STD).astype(np.float32).transpose(2, 0, 1)
            found = self._network.forward_image(torch.from_numpy(small)[None].to(self.device))
            self._seen = image, self._network._prepare_backbone_features(found)[1:]
        return self._seen[1]


_REMEMBERED = ("maskmem_features", "maskmem_pos_enc", "obj_ptr")


def _kept(output: Output) -> dict[str, Tensor]:
    """Return what is kept of a reference, in half precision."""
    features, positions, pointer = (output[key] for key in _REMEMBERED)
    found = {"features": features, "positions": positions[-1], "pointer": pointer}
    return {key: tensor.half().cpu().contiguous() for key, tensor in found.items()}


def load_sam2(path: Path, side: int, device: str) -> torch.nn.Module:
    """Return the network whose weights a file holds, in evaluation mode.

    Args:
        path: A .pt of its authors, of version 2 or 2.1, in any of the four sizes.
        side: Of the square that it works at, px.
        device: Where it is to run.

    Raises:
        UserError: The file is missing, or holds no weights of SAM 2.
    """
    if not path.is_file():
        raise UserError("There is no SAM 2 checkpoint at {path}: check the path.", path=path)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)["model"]
        network = build_sam2(
            config_of(weights),
            device=device,
            apply_postprocessing=False,
            hydra_overrides_extra=[f"++model.image_size={side}"],
        )
        network.load_state_dict(weights)
    except Exception as error:  # a file of unknown origin fails in more ways than can be listed
        raise UserError(
            "{path} is no checkpoint of SAM 2 or 2.1: give a .pt file of its authors ({kind}).",
            path=path,
            kind=type(error).__name__,
        ) from error
    return network.eval()


def config_of(weights: dict[str, Tensor]) -> str:
    """Return the name of the configuration, in the package, that weights are of."""
    blocks = {name.split(".")[3] for name in weights if name.startswith("image_encoder.trunk.bl")}
    size, version = _SIZES[len(blocks)], "2.1" if "no_obj_embed_spatial" in weights else "2"
    return f"configs/sam{version}/sam{version}_hiera_{size}.yaml"
