"""TinyViT-5M, MobileSAM's image encoder, at any size: a teacher's eyes.

For: the teacher network, as its backbone, and the feature teacher. Knows torch; reading
MobileSAM's weights needs the onnx package.

A hybrid of convolutions and attention in windows. Its last stage keeps stride 16, as in
MobileSAM. All norms of convolutions are folded, as its ONNX file has them.

Sources: Wu et al., "TinyViT", ECCV 2022; Zhang et al., "Faster Segment Anything", 2023.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vos_annotator.core.errors import UserError

WIDTHS = (64, 128, 160, 320)
HEADS = (0, 4, 5, 10)  # of the stages with attention
WINDOWS = (0, 7, 14, 7)
DEPTHS = (2, 2, 6, 2)
EXPANSION = 4
NECK = 256  # channels of MobileSAM's embedding
IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_STD = (0.229, 0.224, 0.225)


class MBConv(nn.Module):
    """Widen, filter each channel, narrow again; the activation comes after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = width * EXPANSION
        self.conv1 = nn.Conv2d(width, hidden, 1)
        self.conv2 = nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden)
        self.conv3 = nn.Conv2d(hidden, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        return F.gelu(x + self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x))))))


class PatchMerging(nn.Module):
    """To the next stage: other channels, and half the size unless `stride` is 1."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, groups=outputs)
        self.conv3 = nn.Conv2d(outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        return self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))


class Attention(nn.Module):
    """Attention within a square window, with a learnt bias for each offset, without sign."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.biases = nn.Parameter(torch.zeros(heads, window**2))  # by |dy| x window + |dx|
        rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        places = torch.stack([rows.flatten(), columns.flatten()], 1)
        offsets = (places[:, None] - places[None]).abs()
        index = offsets[..., 0] * window + offsets[..., 1]
        self.register_buffer("index", index, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(windows, window^2, width) -> the same."""
        count, length, width = x.shape
        # In the weights' order a head's query, key and value lie together.
        qkv = self.qkv(self.norm(x)).view(count, length, self.heads, 3 * width // self.heads)
        query, key, value = qkv.transpose(1, 2).chunk(3, dim=3)
        bias = self.biases[:, self.index].to(query.dtype)
        read = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.proj(read.transpose(1, 2).reshape(count, length, width))


class MLP(nn.Module):
    """Two layers at each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, EXPANSION * width)
        self.fc2 = nn.Linear(EXPANSION * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> the same."""
        return self.fc2(F.gelu(self.fc1(self.norm(x))))


class TinyViTBlock(nn.Module):
    """Attention in windows, a convolution of each channel, and an MLP."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads, window)
        self.local_conv = nn.Conv2d(width, width, 3, 1, 1, groups=width)
        self.mlp = MLP(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        x = self.local_conv(x + self._attend(x))
        return x + self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def _attend(self, x: Tensor) -> Tensor:
        """Return what each window says of itself; zeros stand beyond the picture."""
        side = self.attn.window
        batch, width, height, length = x.shape
        x = F.pad(x, (0, -length % side, 0, -height % side))
        rows, columns = x.shape[2] // side, x.shape[3] // side
        x = x.view(batch, width, rows, side, columns, side).permute(0, 2, 4, 3, 5, 1)
        x = self.attn(x.reshape(-1, side**2, width))
        x = x.view(batch, rows, columns, side, side, width).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(batch, width, rows * side, columns * side)[..., :height, :length]


class Stage(nn.Module):
    """Blocks of one width, and the way to the next."""

    def __init__(self, number: int) -> None:
        super().__init__()
        width, heads, window = WIDTHS[number], HEADS[number], WINDOWS[number]
        self.blocks = nn.ModuleList(
            TinyViTBlock(width, heads, window) if heads else MBConv(width)
            for _ in range(DEPTHS[number])
        )
        is_last = number == len(WIDTHS) - 1
        stride = 1 if number == len(WIDTHS) - 2 else 2
        self.downsample = None if is_last else PatchMerging(width, WIDTHS[number + 1], stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same: the way to the next stage is its caller's."""
        for block in self.blocks:
            x = block(x)
        return x


class TinyViT(nn.Module):
    """TinyViT-5M as a backbone: like the others of `backbones`, sides multiples of 16."""

    channels = (64, 128, 320)

    def __init__(self, inputs: int = 3) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleList(
            [nn.Conv2d(inputs, 32, 3, 2, 1), nn.Conv2d(32, WIDTHS[0], 3, 2, 1)]
        )
        self.layers = nn.ModuleList(Stage(number) for number in range(len(WIDTHS)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, inputs, H, W) -> features at strides 4, 8 and 16."""
        first, second = self.patch_embed
        x = second(F.gelu(first(x)))
        taps = []
        for stage in self.layers:
            x = stage(x)
            taps.append(x)
            if stage.downsample is not None:
                x = stage.downsample(x)
        return taps[0], taps[1], taps[3]

    def early(self) -> nn.ModuleList:
        """Return the layers up to stride 4."""
        return nn.ModuleList([self.patch_embed, self.layers[0]])


class LayerNorm2d(nn.Module):
    """LayerNorm over the channels of (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.zeros(channels)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6)
        return x.permute(0, 3, 1, 2)


class MobileSAMEncoder(nn.Module):
    """MobileSAM's image encoder: TinyViT and a neck."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = TinyViT()
        self.neck = nn.Sequential(
            nn.Conv2d(WIDTHS[-1], NECK, 1, bias=False),
            LayerNorm2d(NECK),
            nn.Conv2d(NECK, NECK, 3, padding=1, bias=False),
            LayerNorm2d(NECK),
        )
        self.register_buffer("mean", torch.tensor(IMAGE_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGE_STD)[:, None, None], persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [0, 1], sides multiples of 16 -> (B, 256, H/16, W/16)."""
        return self.neck(self.backbone((image - self.mean) / self.std)[2])


def load_mobilesam(path: Path) -> MobileSAMEncoder:
    """Return the encoder with the weights of an ONNX file of MobileSAM.

    The file's nodes are named after the modules they came from; so are ours.

    Raises:
        UserError: The file is missing, or no encoder of MobileSAM.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(str(path)).graph
        encoder = MobileSAMEncoder()
        encoder.load_state_dict(_weights(graph))
    except FileNotFoundError:
        raise UserError(f"There is no MobileSAM encoder at {path}: check the path.") from None
    except (DecodeError, RuntimeError, KeyError, IndexError) as error:
        raise UserError(
            f"{path} is no image encoder of MobileSAM as ONNX: fetch it again."
        ) from error
    return encoder.eval()


def _weights(graph) -> dict[str, Tensor]:
    """Return the weights of an ONNX graph by the names that our modules have."""
    from onnx import numpy_helper

    stored = {tensor.name: tensor for tensor in graph.initializer}
    constants = {
        node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"
    }
    weights: dict[str, Tensor] = {}

    def put(name: str, tensor) -> None:
        values = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        name = name.replace("patch_embed.seq.0", "patch_embed.0")
        name = name.replace("patch_embed.seq.2", "patch_embed.1")
        weights[name if name.startswith("neck") else f"backbone.{name}"] = values

    for name, tensor in stored.items():
        if not name.startswith("onnx::"):
            put(name, tensor)
    norms = iter(["neck.1.weight", "neck.1.bias", "neck.3.weight", "neck.3.bias"])
    for node in graph.node:
        module = ".".join(part for part in node.name.split("/")[1:-1] if part)
        module = module.replace(".seq.seq", ".seq").removesuffix(".c")
        given = [name for name in node.input if name in stored and name.startswith("onnx::")]
        if node.op_type == "Conv" and given:
            for part, name in zip(("weight", "bias"), given, strict=False):
                put(f"{module}.{part}", stored[name])
        elif node.op_type == "MatMul" and given:
            put(f"{module}.weight", stored[given[0]])
            key = f"backbone.{module}.weight"
            weights[key] = weights[key].T.contiguous()
        elif node.op_type in ("Mul", "Add") and given:
            name = next(norms)
            put(name, stored[given[0]])
            weights[name] = weights[name].flatten()
        elif node.op_type == "Add" and module.endswith("attn"):
            bias = next(constants[name] for name in node.input if name in constants)
            put(f"{module}.biases", bias)
            key = f"backbone.{module}.biases"
            weights[key] = weights[key][:, 0].contiguous()  # from the first place: every offset
    return weights
