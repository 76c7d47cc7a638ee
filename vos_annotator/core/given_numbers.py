"""Numbers that commands are given: within bounds, or told in a sentence before anything begins.

For: the options of commands. What is far beyond all that makes sense would otherwise be a loop
without end, or memory that nobody has, minutes later.
"""

import argparse
from functools import partial

from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr

LARGEST_SEED = 2**63 - 1
_SHOWN = 30  # characters of what was given


def add_number(
    parser: argparse._ActionsContainer,
    option: str,
    least: float,
    most: float,
    kind: type[int] | type[float] = int,
    **how: object,
) -> None:
    """Declare an option that takes a number from `least` to `most`; `how` is for `add_argument`.

    Where it is parsed, a `UserError` says what else was given.
    """
    parser.add_argument(option, type=partial(given_number, option, least, most, kind), **how)


def given_number(option: str, least: float, most: float, kind: type, text: str) -> float:
    """Return the number that `text` is.

    Raises:
        UserError: It is none of that kind, or not from `least` to `most`.
    """
    shown = f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text or '""'
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is None or number != number:  # nan
        raise UserError(
            "{option} {text} is no number that it takes: give {kind} from {least} to {most}.",
            option=option,
            text=shown,
            kind=tr("a whole number") if kind is int else tr("a number"),
            least=least,
            most=most,
        )
    if number < least:
        raise UserError(
            "{option} {text} is too small: give at least {least}.",
            option=option,
            text=shown,
            least=least,
        )
    if number > most:
        raise UserError(
            "{option} {text} is too large: give at most {most}.",
            option=option,
            text=shown,
            most=most,
        )
    return number
