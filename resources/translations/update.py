"""Collect the window's messages from the source, and bring every catalogue up to date.

    python resources/translations/update.py        # all catalogues: collect, merge, compile
    python resources/translations/update.py fr     # begin a catalogue for French

What is new stands in the .po files without a translation, what has gone leaves them. Needs Babel,
which the dev extra brings.
"""

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vos_annotator.core.translation import DOMAIN
from vos_annotator.ui.action import MENUS, REASONS
from vos_annotator.ui.actions import ACTIONS

FOLDER = Path(__file__).resolve().parent
PACKAGE = FOLDER.parents[1] / "vos_annotator"
# What is called with messages, and whether these are a context and a text, or forms of one.
CALLS = {"tr": 1, "marked": 1, "UserError": 1, "tr_many": 2, "tr_in": 2, "pgettext": 2}
IN_CONTEXT = ("tr_in", "pgettext")
# Folders that never speak to the window.
SILENT = ("training", "evaluation", "rendering", "machine")
TABLE = "vos_annotator/ui/actions.py"
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # the same messages give the same bytes


def messages() -> Catalog:
    """Return every message of the source, untranslated."""
    found = Catalog(domain=DOMAIN, fuzzy=False)
    for text in dict.fromkeys(table_texts()):
        found.add(text, locations=[(TABLE, 1)])
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in SILENT:
            for text, context in calls(path.read_text("utf-8")):
                name = path.relative_to(PACKAGE.parent).as_posix()
                found.add(text, locations=[(name, 1)], context=context)
    return found


def calls(source: str) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """Give the messages that a module calls for, or pairs of forms, and their context.

    What is put together while the program runs cannot be looked up, and is left out.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = node.args[: CALLS.get(name, 0)]
        if given and all(isinstance(each, ast.Constant) for each in given):
            texts = [each.value for each in given]
            if name in IN_CONTEXT:
                yield texts[1], texts[0]
            else:
                yield (texts[0] if len(texts) == 1 else tuple(texts)), None


def table_texts() -> Iterator[str]:
    """Give every text of the table of actions that is shown."""
    yield from MENUS
    yield from MENUS.values()
    yield from REASONS.values()
    for row in ACTIONS:
        yield from row.menu.split("/")[1:]
        if row.group != "language":  # each language is called by its own name
            yield row.text
        if row.tip:
            yield row.tip


def catalogues() -> list[Path]:
    """Return the .po files there are."""
    return sorted(FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(po: Path) -> Catalog:
    """Return a catalogue; its language is its folder's name."""
    catalogue = empty(po.parents[1].name)
    with po.open("rb") as file:
        for message in read_po(file, locale=catalogue.locale, domain=DOMAIN):
            if message.id:
                catalogue[message.id] = message
    return catalogue


def empty(code: str) -> Catalog:
    """Return a catalogue without messages."""
    return Catalog(
        locale=Locale.parse(code),
        domain=DOMAIN,
        header_comment="",
        project=DOMAIN,
        last_translator="",
        language_team="",
        creation_date=UNDATED,
        revision_date=UNDATED,
        fuzzy=False,
    )


def merge(catalogue: Catalog, source: Catalog) -> None:
    """Give a catalogue the messages of `source`, translated as far as they were."""
    catalogue.update(source, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()


def write(po: Path, catalogue: Catalog) -> None:
    """Write a catalogue beside its compiled form."""
    po.parent.mkdir(parents=True, exist_ok=True)
    with po.open("wb") as file:
        write_po(file, catalogue, width=100, omit_header=True, include_lineno=False,
                 sort_output=True)  # fmt: skip
    with po.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def main(arguments: list[str]) -> int:
    """Update every catalogue, and begin one for each language that is named."""
    source = messages()
    for code in arguments:
        po = FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po"
        try:
            if not po.exists():
                write(po, empty(code))
        except (UnknownLocaleError, ValueError) as error:
            print(f"{error}: name a language by its code, as in fr or pt_BR.", file=sys.stderr)
            return 2
    for po in catalogues():
        catalogue = read(po)
        merge(catalogue, source)
        write(po, catalogue)
        lacking = [message for message in catalogue if message.id and not is_translated(message)]
        print(f"{po.parents[1].name}: {len(catalogue)} messages, {len(lacking)} to translate")
    return 0


def is_translated(message: Message) -> bool:
    """Return whether a message has words in every form."""
    return all(message.string) if message.pluralizable else bool(message.string)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
