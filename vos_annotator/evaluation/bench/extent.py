"""How much `bench` measures: all that is worth knowing, or as much as a minute shows.

For: the measures, which are given one. Plain values.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """How much is measured; the more, the steadier the figures.

    Attributes:
        sizes: Short sides that frames are segmented at, as "480p".
        objects: Numbers of objects.
        frames: Frames timed in each case, at most.
        seconds: Time that one case may take, s; slow cases are timed on fewer frames.
        carried: Sizes of the clips that the worker carries a mask through.
        references: Numbers of references in memory.
        reopened: References of a project that is opened again.
        places: Frames along a pass; growth is that from the second place to the last.
        clip_seconds: Lengths of the clips that are opened and looked at here and there, s.
        clip_sizes: Their sizes.
        seeks: Frames looked up in each clip, at most.
        gui_frames: Frames propagated while the window is watched.
        painted: Sizes of the frames that are painted on.
        moves: Moves of the mouse.
        starts: Starts of the window.
        exported: Frames exported.
        rounds: Turns that a rival and this program take.
    """

    sizes: tuple[str, ...] = ("288p", "480p", "720p")
    objects: tuple[int, ...] = (1, 3, 10)
    frames: int = 30
    seconds: float = 6.0
    carried: tuple[str, ...] = ("480p", "1080p", "2160p")
    references: tuple[int, ...] = (1, 10, 100, 500)
    reopened: int = 300
    places: tuple[int, ...] = (50, 300, 1000, 10_000)
    clip_seconds: tuple[int, ...] = (60, 3600)
    clip_sizes: tuple[str, ...] = ("1080p", "2160p")
    seeks: int = 40
    gui_frames: int = 150
    painted: tuple[str, ...] = ("1080p", "2160p")
    moves: int = 400
    starts: int = 7
    exported: int = 60
    rounds: int = 4


FULL = Extent()
QUICK = Extent(
    sizes=("288p", "480p"),
    objects=(1, 3),
    frames=5,
    seconds=2.0,
    carried=("480p",),
    references=(1, 10),
    reopened=8,
    places=(10, 20, 40),
    clip_seconds=(2,),
    clip_sizes=("480p",),
    seeks=5,
    gui_frames=15,
    painted=("1080p",),
    moves=60,
    starts=1,
    exported=8,
    rounds=1,
)
