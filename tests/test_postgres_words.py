"""Before there is a connection only words tell why, and a server's are of its language; the real libpq hears them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from worker.database import Database
from worker.errors import Lack, Unavailable

NOT_ENCRYPTED = {80877103, 80877104}  # SSL and GSS: asked for before the first word
CLEARTEXT = struct.pack("!cii", b"R", 8, 3)

Said = tuple[str, str] | None  # the severity, which is translated as well, and the message


@contextmanager
def answering(said: Said, *, asks: bool) -> Iterator[str]:
    """The address of one that speaks as Postgres does while somebody signs in. asks: for a password, before it says it;
    None: it hangs up.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_serve, args=(listener, said, asks), daemon=True).start()
        yield f"postgresql+psycopg://u:secret@127.0.0.1:{listener.getsockname()[1]}/d"


def _serve(listener: socket.socket, said: Said, asks: bool) -> None:
    with suppress(OSError), listener.accept()[0] as connection:
        while struct.unpack("!i", _packet(connection)[:4])[0] in NOT_ENCRYPTED:
            connection.sendall(b"N")
        if asks:
            connection.sendall(CLEARTEXT)
            connection.recv(1)
            _packet(connection)
        if said:
            connection.sendall(_error(*said))


def _packet(connection: socket.socket) -> bytes:
    (length,) = struct.unpack("!i", connection.recv(4, socket.MSG_WAITALL))
    return connection.recv(length - 4, socket.MSG_WAITALL)


def _error(severity: str, message: str) -> bytes:
    fields = {"S": severity, "V": "FATAL", "C": "28P01", "M": message}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


NOT_IN = "lets us not in: check user, password and database name"
NOT_NOW = "answers, and lets nobody in just now, or not us: see its log"
FULL = "is out of connections"
AWAY = "no Postgres answers at"


@pytest.mark.parametrize(
    ("said", "asks", "told", "lacks"),
    [
        (("FATAL", 'password authentication failed for user "u"'), True, NOT_IN, Lack.LOGIN),
        (("FATAL", "authentification par mot de passe échouée pour l'utilisateur « u »"), True, NOT_IN, Lack.LOGIN),
        (("ВАЖНО", "пользователь не прошёл проверку подлинности"), True, NOT_IN, Lack.LOGIN),
        (("致命的错误", '数据库 "d" 不存在'), True, NOT_IN, Lack.LOGIN),
        (("FATAL", "désolé, trop de clients sont déjà connectés"), False, NOT_NOW, Lack.ANSWER),
        (("FATAL", "le système de bases de données se lance"), False, NOT_NOW, Lack.ANSWER),
        (("FATAL", "sorry, too many clients already"), False, FULL, Lack.ROOM),
        (("FATAL", 'too many connections for role "u"'), True, FULL, Lack.ROOM),
        (("FATAL", "the database system is starting up"), False, AWAY, Lack.ANSWER),
        (None, True, AWAY, Lack.ANSWER),
        (None, False, AWAY, Lack.ANSWER),
    ],
)
def test_who_answers_and_lets_us_not_in_is_told_from_who_does_not_answer_in_any_language(
    said: Said, asks: bool, told: str, lacks: Lack
) -> None:
    with answering(said, asks=asks) as url, Database(url) as database, pytest.raises(Unavailable, match=told) as raised:
        database.is_written_to()
    assert raised.value.lacks is lacks
    assert "secret" not in str(raised.value)
