"""Carries a mask through frames by a rival's network, a turn at a time, and says how long it took.

    python rivals ADAPTER VARIANT CHECKOUT FRAMES MASK

For: `bench --compare`. FRAMES are (T, H, W, 3) uint8 RGB and MASK is (H, W) uint8, both `.npy`.
Says {"threads": N} when the network stands, then answers a line {"frames": N, "seconds": S} with
{"ms": [...]}: the next N frames, fewer if they take longer than S, each from its picture to its
label map, both in main memory. Weights are random: speed does not depend on them.
"""

import json
import sys
import time
from importlib import import_module

import numpy as np
import torch

_FEWEST = 2  # frames of a turn, however long they take


def main(adapter: str, variant: str, checkout: str, frames_file: str, mask_file: str) -> int:
    """Answer each line of stdin with one on stdout, until stdin ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a rival may be talkative
    sys.path.insert(0, checkout)
    frames, mask = np.load(frames_file, mmap_mode="r"), np.load(mask_file)
    torch.manual_seed(0)
    torch.set_flush_denormal(True)  # random weights make numbers so small that they cost time
    with torch.inference_mode():
        step = import_module(adapter).start(checkout, variant, frames, mask)
        print(json.dumps({"threads": torch.get_num_threads()}), file=answers, flush=True)
        frame = 1
        for line in sys.stdin:
            asked, spent = json.loads(line), []
            while len(spent) < asked["frames"]:
                started = time.perf_counter()
                label_map = step(frame)
                spent.append(1000 * (time.perf_counter() - started))
                if label_map.shape != mask.shape or label_map.dtype != np.uint8:
                    raise ValueError(f"{adapter} gives {label_map.dtype} {label_map.shape}")
                frame += 1
                if len(spent) >= _FEWEST and sum(spent) > 1000 * asked["seconds"]:
                    break
            print(json.dumps({"ms": spent}), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
