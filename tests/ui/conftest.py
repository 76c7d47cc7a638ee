"""What several tests of the window share."""

import pytest

from tests.ui.window import isolate_settings
from vos_annotator.core.translation import languages


@pytest.fixture(params=languages())
def spoken(request, qapp, tmp_path):
    """Let the window speak a language; English again afterwards."""
    isolate_settings(tmp_path / "settings", request.param)
    yield request.param
    isolate_settings(tmp_path / "settings")
