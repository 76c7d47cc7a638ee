"""What a measure hands back: figures for JSON, tables for people, charts for pages.

For: the measures, which make it, and the command, which shows it. Plain values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_LABEL, _CELL = 36, 14  # characters


@dataclass(frozen=True)
class Table:
    """Rows of cells under a heading.

    Attributes:
        title: What is told, with its unit.
        columns: Words over the columns.
        rows: A label and as many cells as there are columns.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]

    def __str__(self) -> str:
        lines = [_line(self.title, self.columns)]
        lines += [_line(f"  {label}", cells) for label, cells in self.rows]
        return "\n".join(lines)


@dataclass(frozen=True)
class Chart:
    """Lines over one axis.

    Attributes:
        name: Of its file, without the suffix.
        title, x, y: Words on it and its axes, with units.
        lines: Label -> points (x, y), x above 0.
        is_log: Whether x grows by factors.
    """

    name: str
    title: str
    x: str
    y: str
    lines: dict[str, Sequence[tuple[float, float]]]
    is_log: bool = True


@dataclass(frozen=True)
class Outcome:
    """What one measure found.

    Attributes:
        figures: For JSON; keys are words, values numbers or more of the same.
        headline: Those that are told first, by names of their own.
        tables, charts: What is shown.
    """

    figures: dict[str, object]
    headline: dict[str, object] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()


def in_ms(numbers: Iterable[float]) -> list[str]:
    """Return milliseconds as cells."""
    return [f"{number:.1f}" for number in numbers]


def counted(number: int, noun: str) -> str:
    """Return "1 object", "3 objects"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _line(label: str, cells: Iterable[str]) -> str:
    return f"{label:<{_LABEL}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)
