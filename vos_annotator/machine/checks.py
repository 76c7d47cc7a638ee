"""What can be told only by trying: the display, the codecs, the devices and their speed.

    python -m vos_annotator.machine.checks display|codecs|devices|speed

For: the `doctor` command, which runs each check in a process of its own: a library that does not
fit the machine may take its process with it, and the report is to say so. Prints facts as JSON,
one a line.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

from vos_annotator.machine.facts import Fact

_LONGEST = 120  # s; then a check is given up
_DECODED = ("h264", "hevc", "vp9", "av1", "mpeg4", "prores", "mjpeg", "ffv1")
_ENCODED = ("libx264", "mpeg4", "prores_ks", "ffv1")
_FRAMES = 5  # that are timed, after one that is not


def checked(name: str) -> list[Fact]:
    """Return what a check finds, whatever becomes of the process that makes it."""
    command = [sys.executable, "-m", __name__, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        return [Fact(name, "unknown", f"The check was given up after {_LONGEST} s.")]
    except OSError as error:
        return [Fact(name, "unknown", f"The check could not be started ({error.strerror}).")]
    facts = [Fact(**json.loads(line)) for line in done.stdout.splitlines() if line[:1] == "{"]
    if done.returncode:
        facts.append(Fact(name, "failed", _last_words(done)))
    return facts


def display() -> Iterator[Fact]:
    """Start Qt as the window does."""
    from vos_annotator.machine.display import forget_foreign_plugins, problem

    sentence = problem()
    if sentence:
        yield Fact("display", "none", sentence)
        return
    forget_foreign_plugins()
    from PySide6.QtCore import qVersion
    from PySide6.QtGui import QGuiApplication

    app = QGuiApplication(sys.argv[:1])
    screens = [
        f"{each.size().width()}x{each.size().height()} at {each.devicePixelRatio():g}"
        for each in app.screens()
    ]
    yield Fact("display", f"Qt {qVersion()} on {app.platformName()}, {', '.join(screens)}")


def codecs() -> Iterator[Fact]:
    """Ask FFmpeg, as PyAV brings it, what it can read and write."""
    import av

    def there(names: tuple[str, ...], mode: str) -> list[str]:
        found = []
        for name in names:
            try:
                av.Codec(name, mode)
            except ValueError:  # PyAV's own error for a codec is one
                continue
            found.append(name)
        return found

    yield Fact("FFmpeg", f"PyAV {av.__version__}, libavcodec {_dotted(av)}")
    read, written = there(_DECODED, "r"), there(_ENCODED, "w")
    lacking = [name for name in _DECODED if name not in read]
    problem = f"Videos in {', '.join(lacking)} cannot be read: pip install -U av" if lacking else ""
    yield Fact("codecs", f"reads {' '.join(read)}; writes {' '.join(written)}", problem)


def devices() -> Iterator[Fact]:
    """Ask torch what it computes on."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    threads = torch.get_num_threads()
    yield Fact("CPU", f"torch {torch.__version__}, {capability}, threads: {threads}")
    if not torch.cuda.is_available():
        yield Fact("GPU", "none that this torch can use")
        return
    for n in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(n)
        yield Fact("GPU", f"{properties.name}, {properties.total_memory / 1e9:.1f} GB")


def speed() -> Iterator[Fact]:
    """Let the engine segment a few frames."""
    import numpy as np

    from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE, load_engine

    started = time.perf_counter()
    engine = load_engine(DEFAULT_ENGINE, DEFAULT_SIZE)
    loaded = time.perf_counter() - started
    picture = np.random.default_rng(0).integers(0, 90, (480, 854, 3), np.uint8)
    label_map = np.zeros(picture.shape[:2], np.uint8)
    label_map[160:320, 300:500] = 1
    picture[label_map == 1] += 150
    engine.memorize(0, picture, label_map)
    engine.begin_pass()
    took = []
    for frame in range(1, _FRAMES + 2):
        moved = np.roll(picture, 4 * frame, axis=1)  # the same again would be answered at once
        started = time.perf_counter()
        engine.segment(frame, moved)
        took.append(time.perf_counter() - started)
    milliseconds = 1000 * statistics.median(took[1:])
    yield Fact(
        "speed",
        f"{DEFAULT_ENGINE} on {engine.device}: {milliseconds:.0f} ms a frame of 854x480 with one "
        f"object, loaded in {loaded:.1f} s",
    )


CHECKS: dict[str, Callable[[], Iterator[Fact]]] = {
    "display": display,
    "codecs": codecs,
    "devices": devices,
    "speed": speed,
}


def _dotted(av: object) -> str:
    return ".".join(map(str, av.library_versions["libavcodec"]))


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a check ended as it should not, in one sentence."""
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = str(-done.returncode)
        return f"The library ended the process ({name}): it does not fit this machine."
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"It ended with code {done.returncode} and said nothing."


def main(name: str) -> None:
    """Make a check and print what it finds."""
    for fact in CHECKS[name]():
        print(json.dumps(asdict(fact)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
