"""What several tests of the window share."""

import pytest

from tests.ui.window import isolate_settings
from vos_annotator.core.translation import languages
from vos_annotator.ui import dialogs


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown():
    """Let a window go that a test left in the midst of something: nobody answers its questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialogs, "_may", lambda *_: True)
        return (yield)


@pytest.fixture(params=languages())
def spoken(request, qapp, tmp_path):
    """Let the window speak a language; English again afterwards."""
    isolate_settings(tmp_path / "settings", request.param)
    yield request.param
    isolate_settings(tmp_path / "settings")
