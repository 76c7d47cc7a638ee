"""Cutie (Cheng et al., CVPR 2024): small and base, with the settings of its own evaluation."""

import numpy as np
import torch
from random_weights import leave_random


def start(checkout, variant, frames, mask):
    """Return what segments a frame by its number, after the first was memorised."""
    from hydra import compose, initialize_config_dir
    from omegaconf import open_dict

    leave_random("cutie.model.utils.resnet")
    from cutie.inference.inference_core import InferenceCore
    from cutie.inference.utils.args_utils import get_dataset_cfg
    from cutie.model.cutie import CUTIE

    with initialize_config_dir(f"{checkout}/cutie/config", version_base="1.3.2"):
        config = compose("eval_config", [f"model={variant}"])
    with open_dict(config):
        get_dataset_cfg(config)
    core = InferenceCore(CUTIE(config).eval(), cfg=config)
    ids = np.unique(mask[mask > 0]).tolist()
    core.step(_tensor(frames[0]), torch.from_numpy(mask), objects=ids)

    def step(frame):
        found = core.output_prob_to_mask(core.step(_tensor(frames[frame])))
        return found.cpu().numpy().astype(np.uint8)

    return step


def _tensor(picture):
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
