"""Every message of the source is translated, whole, in every catalogue that comes along."""

import ast
import io
import re
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from babel.messages.mofile import read_mo, write_mo

from vos_annotator.paths import resources_folder
from vos_annotator.ui.actions import ACTIONS

SCRIPT = resources_folder() / "translations" / "update.py"


def load_script():
    """Return `update.py` as a module of its own."""
    spec = spec_from_file_location("update_translations", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


update = load_script()
FOUND = update.messages()
CATALOGUES = update.catalogues()


@pytest.fixture(params=CATALOGUES, ids=lambda po: po.parents[1].name)
def po(request):
    return request.param


def forms(message):
    """Return pairs of a form of a message and its translations."""
    if message.pluralizable:
        return [(message.id[-1], each) for each in message.string]
    return [(message.id, message.string)]


def marks(text):
    """Return what a translation must keep: fields, keys, a letter for Alt, the dots of a dialog."""
    return (
        sorted(re.findall(r"\{\w*\}|\bkey:[\w-]+", text)),
        text.count("&"),
        text.endswith("…"),
        text.endswith("."),
        text.count("\n"),
    )


def test_every_form_of_a_message_has_the_fields_of_the_others():
    """Where a language has one form for 1, 21 and 31, the number must be a field."""
    for message in FOUND:
        if message.pluralizable:
            assert len({str(marks(form)[0]) for form in message.id}) == 1, message.id


def test_german_comes_along():
    assert "de" in [po.parents[1].name for po in CATALOGUES]


def test_a_catalogue_has_the_messages_of_the_source_and_no_others(po):
    assert {each.id for each in update.read(po)} == {each.id for each in FOUND}


def test_nothing_is_left_untranslated_or_fuzzy(po):
    messages = [each for each in update.read(po) if each.id]

    assert [each.id for each in messages if not update.is_translated(each) or each.fuzzy] == []


def test_a_translation_keeps_fields_keys_and_marks(po):
    for message in update.read(po):
        for source, translated in forms(message) if message.id else ():
            assert marks(translated) == marks(source), source


def test_the_compiled_catalogue_is_what_the_text_says(po):
    """Bytes are not compared: the header names the Babel that wrote it."""
    compiled = io.BytesIO()
    write_mo(compiled, update.read(po))
    compiled.seek(0)

    with po.with_suffix(".mo").open("rb") as file:
        assert translations(read_mo(file)) == translations(read_mo(compiled))


def translations(catalogue):
    """Return message -> translation, the header left out."""
    return {(each.context, str(each.id)): each.string for each in catalogue if each.id}


def test_every_key_that_a_message_names_is_that_of_a_command():
    named = set()
    for message in FOUND:
        texts = message.id if message.pluralizable else [message.id]
        named.update(name for text in texts for name in re.findall(r"\bkey:([\w-]+)", text))

    assert named
    assert named <= {row.id for row in ACTIONS}


def test_no_message_is_put_together_before_it_is_looked_up():
    for path in sorted(update.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in update.CALLS:
                first = node.args[0] if node.args else None
                is_made = isinstance(first, ast.JoinedStr | ast.BinOp)
                assert not is_made or node.func.id == "UserError", f"{path}:{node.lineno}"


def test_messages_are_found_in_calls_with_their_forms_and_contexts():
    source = """
def say(name, count):
    tr("Hello {name}", name=name), tr_many("a dog", "{count} dogs", count), tr_in("here", "Box")
    raise UserError("{path} has " "gone.", path=name)
    tr(name), print("not a message"), UserError(f"{name} is made")
"""
    assert set(update.calls(source)) == {
        ("Hello {name}", None),
        (("a dog", "{count} dogs"), None),
        ("Box", "here"),
        ("{path} has gone.", None),
    }


def test_a_new_language_begins_with_all_messages_and_keeps_what_is_translated(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(update, "FOLDER", tmp_path)

    assert update.main(["fr"]) == 0
    (po,) = update.catalogues()
    catalogue = update.read(po)
    catalogue["Quit"].string = "Quitter"
    update.write(po, catalogue)
    assert update.main([]) == 0

    assert update.read(po)["Quit"].string == "Quitter"
    assert "&File" in update.read(po)
    assert capsys.readouterr().out.splitlines()[1].endswith(f", {len(FOUND) - 1} to translate")


def test_a_language_that_does_not_exist_is_refused_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(update, "FOLDER", tmp_path)

    assert update.main(["klingon"]) == 2
    assert "klingon" in capsys.readouterr().err
    assert update.catalogues() == []
