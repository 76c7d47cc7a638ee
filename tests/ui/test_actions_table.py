"""The table of actions holds together, without a window."""

import ast
from collections import Counter
from inspect import getsource

import pytest
from PySide6.QtGui import QKeySequence

from vos_annotator.ui import conditions
from vos_annotator.ui.action import MENUS
from vos_annotator.ui.actions import ACTIONS
from vos_annotator.ui.engine_verbs import EngineVerbs
from vos_annotator.ui.find_verbs import FindVerbs
from vos_annotator.ui.icons import icon_names
from vos_annotator.ui.mask_verbs import MaskVerbs
from vos_annotator.ui.range_verbs import RangeVerbs
from vos_annotator.ui.review_verbs import ReviewVerbs
from vos_annotator.ui.team_verbs import TeamVerbs
from vos_annotator.ui.verbs import Verbs
from vos_annotator.ui.view_verbs import ViewVerbs
from vos_annotator.ui.window_verbs import WindowVerbs


def test_no_two_actions_share_a_key():
    keys = Counter(QKeySequence(key).toString() for row in ACTIONS for key in row.keys)

    assert [key for key, uses in keys.items() if uses > 1] == []


def test_every_key_is_one_that_qt_knows():
    for row in ACTIONS:
        for key in row.keys:
            assert not QKeySequence(key).isEmpty(), f"{row.id}: {key}"
            assert "Unknown" not in QKeySequence(key).toString()


def test_no_key_opens_a_menu_instead():
    mnemonics = {f"Alt+{title[title.index('&') + 1].upper()}" for title in MENUS.values()}

    assert len(mnemonics) == len(MENUS), "two menus share a letter"
    assert mnemonics.isdisjoint(key for row in ACTIONS for key in row.keys)


def test_ids_are_used_once():
    assert max(Counter(row.id for row in ACTIONS).values()) == 1


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_an_action_stands_in_a_menu_and_names_a_method_that_exists(row):
    assert row.menu.split("/")[0] in MENUS
    assert (
        sum(
            hasattr(each, row.method)
            for each in (
                EngineVerbs,
                Verbs,
                WindowVerbs,
                ViewVerbs,
                MaskVerbs,
                FindVerbs,
                RangeVerbs,
                ReviewVerbs,
                TeamVerbs,
            )
        )
        == 1
    )


def test_every_condition_in_the_table_is_one_that_can_come_true():
    known = {
        node.value
        for node in ast.walk(ast.parse(getsource(conditions)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } | {"running", "full screen"}
    for row in ACTIONS:
        for condition in {*row.needs, row.checked} - {""}:
            head = condition.rstrip("123456789")
            is_choice = head.startswith(("tool ", "view ", "theme ", "language "))
            assert condition in known or head in known or is_choice, condition


def test_icons_are_there_and_none_is_idle():
    used = {row.icon for row in ACTIONS if row.icon}
    used |= {"first", "last", "previous", "next", "play", "pause", "more"}  # transport
    used |= {"eye", "eye-off", "lock", "unlock", "close"}  # panels

    assert used == set(icon_names())


def test_keys_that_destroy_something_need_more_than_a_letter():
    for row in ACTIONS:
        if row.method in ("clear_here", "delete_object", "release", "close_project", "quit"):
            assert all(len(key) > 1 for key in row.keys), row.id
