"""The engine that was chosen last, and the weights that were given to each: kept for next time.

For: the window and the dialog. Knows the settings.
"""

from PySide6.QtCore import QSettings

from vos_annotator.engine.choice import EngineChoice

_NAME_KEY = "engine/name"
_CHECKPOINT_KEY = "engine/checkpoints/"


def kept_choice() -> EngineChoice:
    """Return the engine that was chosen last, or the default one."""
    name = str(QSettings().value(_NAME_KEY, "") or EngineChoice().name)
    return EngineChoice(name, kept_checkpoint(name))


def kept_checkpoint(name: str) -> str | None:
    """Return the weights that an engine was last given; None if it never was."""
    return str(QSettings().value(_CHECKPOINT_KEY + name, "")) or None


def keep_choice(choice: EngineChoice) -> None:
    """Keep what was chosen."""
    QSettings().setValue(_NAME_KEY, choice.name)
    QSettings().setValue(_CHECKPOINT_KEY + choice.name, choice.checkpoint or "")
