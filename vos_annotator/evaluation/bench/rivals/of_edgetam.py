"""EdgeTAM (Zhou et al., CVPR 2025), which works at 1024 px whatever the size of the video."""

import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

_MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
_STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


class Pictures:
    """Frames as the predictor wants them, each made when it is asked for."""

    def __init__(self, frames, size):
        self._frames, self._size = frames, size

    def __len__(self):
        return len(self._frames)

    def __getitem__(self, frame):
        """Return a frame, normalised, (3, size, size)."""
        picture = torch.from_numpy(np.array(self._frames[frame])).permute(2, 0, 1).float() / 255
        picture = F.interpolate(picture[None], (self._size, self._size), mode="bilinear")[0]
        return (picture - _MEAN) / _STD


def start(checkout, variant, frames, mask):
    """Return what segments a frame by its number, after the first was memorised."""
    import timm.models

    make = timm.models.create_model
    timm.models.create_model = lambda *words, **more: make(*words, **{**more, "pretrained": False})
    from sam2.build_sam import build_sam2_video_predictor

    predictor = build_sam2_video_predictor("edgetam.yaml", None, device="cpu")
    ids = np.unique(mask[mask > 0]).tolist()
    with tempfile.TemporaryDirectory() as folder:  # it opens nothing but folders of pictures
        Image.fromarray(np.array(frames[0])).save(Path(folder) / "0.jpg")
        states = [predictor.init_state(folder) for _ in ids]
    passes = []
    for object_id, state in zip(ids, states, strict=True):  # its resampler takes one at a time
        state["images"] = Pictures(frames, predictor.image_size)
        state["num_frames"] = len(frames)
        predictor.add_new_mask(state, 0, object_id, torch.from_numpy(mask == object_id))
        passes.append(predictor.propagate_in_video(state))
        next(passes[-1])

    def step(frame):
        logits = []
        for state, found in zip(states, passes, strict=True):
            state["cached_features"] = states[0]["cached_features"]  # a frame is encoded once
            at, _, of_one = next(found)
            if at != frame:
                raise ValueError(f"frame {at} came where {frame} was asked for")
            logits.append(of_one[0, 0])
        best, which = torch.stack(logits).max(0)
        labels = torch.tensor(ids, dtype=torch.uint8)[which]
        return torch.where(best > 0, labels, 0).to(torch.uint8).cpu().numpy()

    return step
