"""The `render-clips` command: training clips with exact masks, from 3-D models.

For: the command line. Starts the processes, each with an OpenGL context of its own, and
hands them the numbers of the clips that are missing.
"""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from vos_annotator.core.atomic import sweep
from vos_annotator.core.errors import UserError
from vos_annotator.core.given_numbers import LARGEST_SEED, add_number
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.rendering.clips import PARTS, clip_folder, render_clip, write_clip
from vos_annotator.rendering.contact_sheet import write_sheet
from vos_annotator.rendering.library import Library, open_library
from vos_annotator.rendering.pictures import find_photographs
from vos_annotator.rendering.renderer import Renderer

_ON_SHEET = 12  # clips
_SHORTEST, _LONGEST = 64, 8192  # px of a side


@dataclass(frozen=True)
class Order:
    """What all clips have in common; each process gets it once."""

    library: Library
    photographs: tuple[Path, ...]
    out: Path
    seed: int
    frames: int
    width: int
    height: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `render-clips`."""
    parser.add_argument(
        "--models", type=Path, required=True, metavar="DIR", help="folder or zip of OBJ models"
    )
    add_number(parser, "--count", 1, 1_000_000, required=True, metavar="N", help="clips in all")
    parser.add_argument(
        "--out",
        type=folder_to_write,
        required=True,
        metavar="DIR",
        help="clips go to DIR/videos/rendered; those that are there already stay",
    )
    seed = "other clips (default 0)"
    add_number(parser, "--seed", 0, LARGEST_SEED, default=0, metavar="S", help=seed)
    parser.add_argument(
        "--backgrounds", type=Path, metavar="DIR", help="photographs; without, patterns"
    )
    add_number(parser, "--frames", 2, 10_000, default=24, metavar="T", help="of a clip (24)")
    parser.add_argument("--size", default="416x272", metavar="WxH", help="pixels (416x272)")
    add_number(parser, "--workers", 1, 1000, default=1, metavar="W", help="processes (1)")


def run(args: argparse.Namespace) -> int:
    """Run `render-clips`; 0 when all clips are there.

    Raises:
        UserError: An option, a model folder or the disk is not as it must be.
    """
    logging.basicConfig(format="%(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the workers would go on
    width, height = _parse_size(args.size)
    missing = [n for n in range(args.count) if not clip_folder(args.out, args.seed, n).exists()]
    if missing:
        photographs = find_photographs(args.backgrounds)
        with _pool(args.workers) as pool:
            library = open_library(args.models, partial(_map, pool))
        order = Order(library, photographs, args.out, args.seed, args.frames, width, height)
        sweep(args.out / PARTS)
        try:
            _render(order, missing, args.workers)
        finally:
            with suppress(OSError):  # another run writes there
                (args.out / PARTS).rmdir()
    first = [clip_folder(args.out, args.seed, n) for n in range(min(args.count, _ON_SHEET))]
    sheet = args.out / f"rendered-{args.seed}.png"
    write_sheet(first, sheet)
    print(f"{args.count} clips in {first[0].parent}; the first ones at a glance: {sheet}")
    return 0


def _parse_size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise UserError(f"--size {text} is no size: give it as 416x272.") from None
    if min(width, height) < _SHORTEST:
        raise UserError(f"--size {text} is too small: give at least {_SHORTEST} px a side.")
    if max(width, height) > _LONGEST:
        raise UserError(f"--size {text} is too large: give at most {_LONGEST} px a side.")
    return width, height


def _map(pool: ProcessPoolExecutor, function: Callable, items: Sequence) -> Iterator:
    """Give the outcomes in order, as `map` does; say how far it is."""
    for done, outcome in enumerate(pool.map(function, items), 1):
        _say(f"{done}/{len(items)} models read", done == len(items))
        yield outcome


def _render(order: Order, numbers: list[int], workers: int) -> None:
    """Render and write the clips of `numbers`, several at a time; say how far it is."""
    start = time.monotonic()
    with _pool(workers, order) as pool:
        futures = [pool.submit(_one, number) for number in numbers]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            each = (time.monotonic() - start) / done
            left = each * (len(numbers) - done) / 60
            words = f"{done}/{len(numbers)} clips, {each:.1f} s each, {left:.0f} min left"
            _say(words, done == len(numbers))


def _say(words: str, is_last: bool) -> None:
    print(f"\r{words} ", end="\n" if is_last else "", file=sys.stderr, flush=True)


@contextmanager
def _pool(workers: int, order: Order | None = None) -> Iterator[ProcessPoolExecutor]:
    """Give processes; whatever waits is dropped when the block is left."""
    context = get_context("spawn")  # a forked process must not share an OpenGL driver
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(order,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """What a process keeps from clip to clip."""

    order: Order | None = None
    renderer: Renderer | None = None  # made with the first clip, so that its error is reported


def _start(order: Order | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is in hand is finished
    _Worker.order = order


def _one(number: int) -> None:
    order = _Worker.order
    if _Worker.renderer is None:
        _Worker.renderer = Renderer(order.width, order.height)
    clip = render_clip(
        _Worker.renderer, order.library, order.photographs, order.frames, order.seed, number
    )
    write_clip(clip, order.out, order.seed, number)
