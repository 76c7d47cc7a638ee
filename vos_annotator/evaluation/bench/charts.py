"""The charts of `bench`, as PNG files.

For: the command. Knows matplotlib, which is imported when a chart is drawn.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from vos_annotator.core.atomic import put_file, writing
from vos_annotator.evaluation.bench.outcome import Chart

_SIZE = (6.4, 4.0)  # inches
_DPI = 120
_ROOM = 1.1  # above the highest point


def write_charts(folder: Path, charts: Iterable[Chart]) -> list[Path]:
    """Draw each chart into `folder`, which is made if need be; return the files.

    Raises:
        UserError: They cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files = []
    for chart in charts:
        files.append(folder / f"{chart.name}.png")
        put_file(files[-1], _drawn(chart))
    return files


def _drawn(chart: Chart) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(_SIZE, layout="constrained")
    axes = figure.subplots()
    for label, points in chart.lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y)
    if chart.is_log:
        axes.set_xscale("log")
    most = max(y for points in chart.lines.values() for _, y in points)
    axes.set_ylim(0, _ROOM * most)
    axes.grid(alpha=0.3)
    axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI)
    return file.getvalue()
