"""The files that answer clicks and boxes: kept for next time, and given to each worker.

For: the workspace and the dialog. Knows the settings.
"""

from PySide6.QtCore import QSettings

from vos_annotator.engine.clicks import ClickFiles
from vos_annotator.engine.commands import UseClicks
from vos_annotator.ui.inference import Inference

_ENCODER_KEY, _DECODER_KEY = "clicks/encoder", "clicks/decoder"


def kept_files() -> ClickFiles | None:
    """Return the files that were chosen last; None where the engine answers clicks."""
    encoder, decoder = (str(QSettings().value(key, "")) for key in (_ENCODER_KEY, _DECODER_KEY))
    return ClickFiles(encoder, decoder) if encoder and decoder else None


def keep_files(files: ClickFiles | None) -> None:
    """Keep what was chosen."""
    QSettings().setValue(_ENCODER_KEY, files.encoder if files else "")
    QSettings().setValue(_DECODER_KEY, files.decoder if files else "")


def use_kept_files(inference: Inference) -> None:
    """Have a worker answer clicks by the files that were chosen last."""
    files = kept_files()
    if files is not None:
        inference.submit(UseClicks(files))
