"""Messages come in the language in use, with their fields, or in English."""

import gettext

import pytest

from vos_annotator.core import translation
from vos_annotator.core.translation import (
    decimal,
    language,
    languages,
    size_text,
    tr,
    tr_in,
    tr_many,
    use_language,
)


class Backwards(gettext.NullTranslations):
    """A language that says everything the other way round."""

    def gettext(self, message):
        return " ".join(reversed(message.split()))

    def ngettext(self, one, many, count):
        return self.gettext(one if count < 2 else many)

    def pgettext(self, context, message):
        return f"{message} ({context})"


@pytest.fixture(autouse=True)
def english_again():
    yield
    use_language("en")


@pytest.mark.parametrize(
    ("code", "texts"), [("en", ["9.4", "5.7 MB", "75.0 GB"]), ("de", ["9,4", "5,7 MB", "75,0 GB"])]
)
def test_numbers_have_the_decimal_mark_of_the_language_and_sizes_a_fitting_unit(code, texts):
    use_language(code)

    assert [decimal(9.44), size_text(5.7e6), size_text(7.5e10)] == texts


def test_without_a_choice_everything_is_english():
    assert language() == "en"
    assert tr("Nothing to do.") == "Nothing to do."


def test_fields_are_filled_in_after_the_look_up(monkeypatch):
    monkeypatch.setattr(translation, "_used", Backwards())

    assert tr("{path} has gone", path="/a b") == "gone has /a b"
    assert tr_in("tool", "Select") == "Select (tool)"


def test_a_count_chooses_the_form_and_is_a_field_of_it(monkeypatch):
    assert tr_many("{count} frame", "{count} frames", 1) == "1 frame"
    assert tr_many("{count} frame", "{count} frames", 1204, count="1,204") == "1,204 frames"

    monkeypatch.setattr(translation, "_used", Backwards())

    assert tr_many("{count} frame", "{count} frames", 0) == "frame 0"


def test_text_without_fields_may_hold_braces():
    assert tr("a {brace}") == "a {brace}"


def test_an_empty_text_stays_empty_in_every_language():
    for code in languages():
        use_language(code)
        assert tr("") == ""


def test_each_language_is_called_by_its_own_name():
    assert languages()["en"] == "English"
    assert languages()["de"] == "Deutsch"


def test_a_language_that_there_is_no_catalogue_for_is_english():
    use_language("xx")

    assert language() == "en"
