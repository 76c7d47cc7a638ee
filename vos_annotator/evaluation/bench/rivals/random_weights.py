"""Networks that load weights of ImageNet when they are made are left with random ones.

For: the adapters. Nothing is fetched, as this program never does, and speed is the same.
"""

from importlib import import_module

import torch.utils.model_zoo


def leave_random(resnet):
    """Have the module of that name, as in STCN and its children, load no weights."""
    torch.utils.model_zoo.load_url = lambda *_, **__: {}
    import_module(resnet).load_weights_add_extra_dim = lambda *_, **__: None
