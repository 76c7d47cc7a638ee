"""How alike positions of a frame and of the memory are, and which of the memory are most alike.

For: the memory, strokes, the trainer and exported graphs, which all read by the same rule.
Knows torch only.
"""

import torch
from torch import Tensor

_AT_ONCE = 2 * 2**20  # similarities that are worked out together: 8 MB
_MANY = 2**20  # similarities from which on oneDNN is worth the kernel that it makes for each size


def affinity(
    memory_key: Tensor, query_key: Tensor, top_k: int | None = None, bias: Tensor | None = None
) -> Tensor:
    """Return how much of each memory position every query position reads.

    The similarity is the negative squared L2 distance over sqrt(C), without the
    query's own norm, which the softmax over memory positions cancels.

    Args:
        memory_key: (B, C, N) keys, N = memory frames x H/16 x W/16, any order.
        query_key: (B, C, Q) keys of the frame to segment, Q = H/16 x W/16.
        top_k: Keep the k most similar memory positions of each query position and
            set the rest to 0; None keeps all. A k above N keeps all too.
        bias: Added to the similarity before the softmax; broadcasts to (B, Q, N).

    Returns:
        (B, Q, N) float32 in [0, 1]; sums to 1 over N.

    Raises:
        ValueError: The keys differ in B or C, or the memory is empty (N = 0).

    Source:
        Cheng, Tai & Tang, "Rethinking Space-Time Networks with Improved Memory
        Coverage" (STCN), NeurIPS 2021, sec. 3.2; top-k as in MiVOS, CVPR 2021.
    """
    batch, channels, memory_size = memory_key.shape
    if (batch, channels) != tuple(query_key.shape[:2]) or memory_size == 0:
        raise ValueError(
            f"memory key {tuple(memory_key.shape)} cannot be read "
            f"with query key {tuple(query_key.shape)}"
        )
    similarity = _similarity(memory_key, query_key, _offset(memory_key, bias))
    if top_k is None or top_k >= memory_size:
        return similarity.softmax(dim=2)
    values, index = similarity.topk(top_k, dim=2, sorted=False)
    return torch.zeros_like(similarity).scatter_(2, index, values.softmax(dim=2))


def _offset(memory_key: Tensor, bias: Tensor | None) -> Tensor:
    """Return what a memory position adds to its similarity to any other, (B, 1, N) float32."""
    offset = -memory_key.float().square().sum(1, keepdim=True) / memory_key.shape[1] ** 0.5
    return offset if bias is None else offset + bias


def _similarity(memory_key: Tensor, query_key: Tensor, offset: Tensor) -> Tensor:
    """Return the (B, Q, N) float32 similarity that `affinity` is the softmax of."""
    batch, channels, memory_size = memory_key.shape
    # Autocast would round the distances to bfloat16, too coarse for an exponential.
    with torch.autocast(memory_key.device.type, enabled=False):
        memory_key, query_key = memory_key.float(), query_key.float()
        scaled_query = (2 / channels**0.5) * query_key.transpose(1, 2)
        is_large = query_key.shape[2] * memory_size >= _MANY and offset.shape[:2] == (1, 1)
        if is_large and _has_quick_product(memory_key):
            rows = memory_key[0].t(), offset[0, 0]
            return torch.ops.mkldnn._linear_pointwise(scaled_query[0], *rows, "none", [], "")[None]
        return torch.baddbmm(
            offset.expand(batch, query_key.shape[2], memory_size), scaled_query, memory_key
        )


def _has_quick_product(given: Tensor) -> bool:
    """Return whether oneDNN may multiply here, as in code that torch compiles for a CPU.

    With AVX-512 it takes half as long as what torch multiplies with otherwise, measured on a
    processor of AMD's. Nothing can be learnt through it.
    """
    return (
        _is_here(given)
        and not torch.is_grad_enabled()
        and torch.backends.mkldnn.is_available()
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # torch's own: another may lack it
    )


def _is_here(tensor: Tensor) -> bool:
    """Return whether these are numbers on the CPU, not a graph's, nor shapes alone."""
    is_real = type(tensor) is Tensor and not torch.compiler.is_exporting()
    return is_real and tensor.device.type == "cpu"


def nearest(
    memory_key: Tensor, query_key: Tensor, k: int, bias: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return what `affinity` with top_k = k keeps: the weights and where they point.

    Args:
        memory_key: (1, C, N).
        query_key: (1, C, Q).
        k: How many memory positions a query position reads; N if there are fewer.
        bias: As of `affinity`.

    Returns:
        (Q, k) float32 weights, which sum to 1 over k, and (Q, k) memory positions.
    """
    offset, k = _offset(memory_key, bias), min(k, memory_key.shape[2])

    def told(query: Tensor) -> tuple[Tensor, Tensor]:
        values, positions = _largest(_similarity(memory_key, query, offset)[0], k)
        return values.softmax(1), positions

    if not _is_here(query_key):
        return told(query_key)
    # Larger ones leave the cache, or get memory from the system each time.
    parts = query_key.split(max(1, _AT_ONCE // memory_key.shape[2]), 2)
    weights, positions = zip(*map(told, parts), strict=True)
    return torch.cat(weights), torch.cat(positions)


def _largest(similarity: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest of each row of (Q, N), and where they are, in any order.

    What `topk` does, in a third of its time on a CPU: columns are put in groups, and only the k
    groups with the largest members can hold what is wanted.
    """
    if not _is_here(similarity):
        return similarity.topk(k, 1, sorted=False)
    count = similarity.shape[1]
    size = max(1, round((count / k) ** 0.5))  # about as many groups as members of the best ones
    groups = count // size
    # Members of a group lie `groups` apart, so that the maximum runs along whole rows.
    members = similarity[:, : size * groups].unflatten(1, (size, groups))
    best = _where_largest(members.amax(1), k)
    steps = groups * torch.arange(size)
    rest = torch.arange(size * groups, count)
    where = (best[:, :, None] + steps).flatten(1)
    where = torch.cat([where, rest.expand(len(where), -1)], 1)
    candidates = similarity.gather(1, where)
    chosen = _where_largest(candidates, k)
    return candidates.gather(1, chosen), where.gather(1, chosen)


def _where_largest(values: Tensor, k: int) -> Tensor:
    """Return where the k largest of each row of (Q, N) float32 are, (Q, k), in any order.

    NumPy partitions integers with the processor's vector instructions, so value and position
    are made one: bits of floats are in order once those of negative ones are turned around.
    """
    bits = values.detach().view(torch.int32)
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    numbers = ((ordered.long() << 32) | torch.arange(values.shape[1])).numpy()
    numbers.partition(-k, axis=1)
    return torch.from_numpy(numbers[:, -k:]) & 0xFFFFFFFF
