"""What two processes say to each other: values and arrays, one message at a time, there and back.

For: the engine in a process of its own, and who drives it. Knows msgpack and numpy; nothing of
engines. Nothing that comes in is ever run as code.

Each end asks and answers in turn. Who is asked may ask back before it answers, and is answered
first; so there is never more than one message on its way, and one piece of shared memory is enough
for the arrays of both. They are copied out of it when they arrive. Log records alone come unasked.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from enum import IntEnum
from mmap import mmap
from typing import Any, BinaryIO

import msgspec
import numpy as np

from vos_annotator.core.errors import UserError
from vos_annotator.engine.shortage import is_out_of_memory

ROOM = 1 << 28  # bytes that arrays of a message may take there; what is not used takes no memory
_SMALL = 1 << 12  # bytes; such an array is part of the message
_LENGTH = 8  # bytes that tell the length of a message
_ARRAY = 1  # msgpack's code of an array


class _Kind(IntEnum):
    ASK, ANSWER, FAIL, LOG = range(4)


class _Failure(IntEnum):
    USER, MEMORY, OTHER = range(3)


Answers = Mapping[str, Callable[..., Any]]


class Gone(Exception):
    """The other end has gone."""


class Told(UserError):
    """A mistake that the other process told in a sentence."""

    def __init__(self, sentence: str) -> None:
        Exception.__init__(self, sentence)  # it is translated already


class FailedElsewhere(Exception):
    """What failed in the other process; a note has its traceback."""


class Talk:
    """One end of a conversation; one thread asks and answers, any may log.

    Attributes:
        aside: What the other end said beside its last answer.
    """

    def __init__(
        self,
        incoming: BinaryIO,
        outgoing: BinaryIO,
        shared: mmap | None = None,
        say_aside: Callable[[], object] = lambda: None,
    ) -> None:
        """Take both directions.

        Args:
            incoming, outgoing: Buffered.
            shared: `ROOM` bytes that both ends see; without, arrays go with the message.
            say_aside: What to tell with each answer.
        """
        self._incoming, self._outgoing, self._say_aside = incoming, outgoing, say_aside
        self._shared = None if shared is None else np.frombuffer(shared, np.uint8)
        self._taken = 0  # bytes of it, by the message in the making
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._plain)
        self._decoder = msgspec.msgpack.Decoder(ext_hook=self._array)
        self._turn = threading.Lock()
        self.aside: Any = None

    def ask(self, verb: str, *given: object, answers: Answers | None = None) -> Any:
        """Return what the other end answers; meanwhile it may ask for one of `answers`.

        Raises:
            Gone: It has gone.
            UserError, MemoryError: It says so.
            FailedElsewhere: It failed otherwise.
        """
        self._send(_Kind.ASK, verb, given)
        while True:
            kind, *said = self._receive()
            match kind:
                case _Kind.ASK:
                    self._answer(*said, answers or {})
                case _Kind.ANSWER:
                    value, self.aside = said
                    return value
                case _Kind.FAIL:
                    raise _error(*said)
                case _:
                    _log(*said)

    def serve(self, answers: Answers) -> None:
        """Answer until the other end has gone."""
        while True:
            try:
                _, verb, given = self._receive()
                self._answer(verb, given, answers)
            except Gone:
                return

    def log(self, level: int, name: str, text: str) -> None:
        """Have a line logged at the other end."""
        self._send(_Kind.LOG, level, name, text)

    def _answer(self, verb: str, given: list, answers: Answers) -> None:
        try:
            value = answers[verb](*given)
        except Gone:
            raise
        except Exception as error:
            self._send(_Kind.FAIL, *_told(error))
        else:
            self._send(_Kind.ANSWER, value, self._say_aside())

    def _send(self, *message: object) -> None:
        with self._turn:
            self._taken = 0
            content = self._encoder.encode(message)
            try:
                self._outgoing.write(len(content).to_bytes(_LENGTH, "little"))
                self._outgoing.write(content)
                self._outgoing.flush()
            except (OSError, ValueError) as error:
                raise Gone from error

    def _receive(self) -> list:
        length = int.from_bytes(self._read(_LENGTH), "little")
        return self._decoder.decode(self._read(length))

    def _read(self, length: int) -> bytes:
        try:
            content = self._incoming.read(length)
        except (OSError, ValueError) as error:
            raise Gone from error
        if len(content) < length:
            raise Gone
        return content

    def _plain(self, value: object) -> object:
        """Return what msgpack knows in place of what it does not."""
        if isinstance(value, np.ndarray):
            data = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
            return msgspec.msgpack.Ext(
                _ARRAY, msgspec.msgpack.encode((value.dtype.str, value.shape, self._put(data)))
            )
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(f"{type(value).__name__} cannot be sent")

    def _put(self, data: np.ndarray) -> int | bytes:
        """Return where in the shared memory bytes are now, or the bytes."""
        end = self._taken + data.nbytes
        if self._shared is None or data.nbytes < _SMALL or end > ROOM:
            return data.tobytes()
        start, self._taken = self._taken, -(-end // 64) * 64
        np.copyto(self._shared[start:end], data)
        return start

    def _array(self, code: int, told: memoryview) -> np.ndarray:
        kind, shape, content = msgspec.msgpack.decode(told)
        dtype = np.dtype(kind)
        if isinstance(content, bytes):
            data = np.frombuffer(bytearray(content), np.uint8)
        else:
            size = int(np.prod(shape)) * dtype.itemsize
            data = self._shared[content : content + size].copy()
        return data.view(dtype).reshape(shape)


def _told(error: Exception) -> tuple[int, str, str]:
    text = str(error) or type(error).__name__
    if isinstance(error, UserError):
        return _Failure.USER, text, ""
    kind = _Failure.MEMORY if is_out_of_memory(error) else _Failure.OTHER
    return kind, text, "".join(traceback.format_exception(error))


def _error(kind: int, text: str, report: str) -> Exception:
    error = {_Failure.USER: Told, _Failure.MEMORY: MemoryError}.get(kind, FailedElsewhere)(text)
    if report:
        error.add_note(report)
    return error


def _log(level: int, name: str, text: str) -> None:
    logging.getLogger(name).log(level, "%s", text)
