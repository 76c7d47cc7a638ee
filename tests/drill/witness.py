"""What a project holds, as one short word, and word of each of its transactions.

For: the sessions that are killed and the checks afterwards.
"""

import hashlib
from collections.abc import Callable, Iterator

from vos_annotator.core.edit_codec import encode_edit
from vos_annotator.core.project import Project

Tell = Callable[[str], None]


def digest(project: Project) -> str:
    """Return a hash of all that a person could miss: masks, states, objects, settings, history."""
    whole = hashlib.blake2b(digest_size=12)
    for part in _parts(project):
        whole.update(part if isinstance(part, bytes) else repr(part).encode())
        whole.update(b"\n")
    return whole.hexdigest()


def witness(project: Project, tell: Tell) -> None:
    """Tell what the project holds now, and from now on before and after each transaction."""
    tell(f"open {digest(project)}")
    write = project._file.write

    def told(*changes: object) -> None:
        tell(f"writing {digest(project)}")
        write(*changes)
        tell("written")

    project._file.write = told


def _parts(project: Project) -> Iterator[object]:
    annotations, history = project.annotations, project.history
    for frame in range(annotations.frame_count):
        state = annotations.state(frame)
        confidence = sorted((i, round(value, 4)) for i, value in state.confidence.items())
        yield int(state.status), state.ids, confidence, sorted(annotations.stale(frame))
        yield annotations.png(frame) or b""
    yield tuple(project.objects), project.objects.highest_id
    yield sorted((k, v) for k, v in project._meta.items() if k.startswith("setting:"))
    yield history.done, [history.name(n) for n in range(history.first, history.end)]
    yield encode_edit(history.to_undo()) if history.can_undo else b""
    yield encode_edit(history.to_redo()) if history.can_redo else b""
