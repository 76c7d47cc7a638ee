"""Collect the window's messages from the source, and bring every catalogue up to date.

    python resources/translations/update.py        # all catalogues: collect, merge, compile
    python resources/translations/update.py fr     # begin a catalogue for French

What is new stands in the .po files without a translation, what has gone leaves them. Needs Babel,
which the dev extra brings.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vos_annotator.core.translation import DOMAIN
from vos_annotator.ui.action import MENUS, REASONS
from vos_annotator.ui.actions import ACTIONS

FOLDER = Path(__file__).resolve().parent
PACKAGE = FOLDER.parents[1] / "vos_annotator"
_IN_CONTEXT = ((1, "c"), 2)
KEYWORDS = {
    "tr": None,
    "marked": None,
    "tr_many": (1, 2),
    "tr_in": _IN_CONTEXT,
    "pgettext": _IN_CONTEXT,
    "UserError": (1,),
}
METHODS = [
    *((f"{folder}/**.py", "ignore") for folder in ("training", "evaluation", "rendering")),
    ("**.py", "python"),  # the rest may speak to the window
]
TABLE = "vos_annotator/ui/actions.py"
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # the same messages give the same bytes


def messages() -> Catalog:
    """Return every message of the source, untranslated."""
    found = Catalog(domain=DOMAIN, fuzzy=False)
    for text in dict.fromkeys(table_texts()):
        found.add(text, locations=[(TABLE, 1)])
    for path, line, text, comments, context in extract_from_dir(
        str(PACKAGE), METHODS, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        place = (f"vos_annotator/{path}", line)
        found.add(text, locations=[place], auto_comments=comments, context=context)
    return found


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
