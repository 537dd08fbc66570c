"""An HTTP response read for what we need of it: status, framing, and at most so many bytes of body.

http.client hands the header to a parser of e-mail, and urllib3 copies it twice; that is half of what a call would cost.
"""

import io
import re
import socket
import zlib
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any

_LONGEST_LINE = 65_536
_MOST_HEADERS = 100
_MOST_BYTES = 40 * 1024 * 1024  # of one response, header and all
_LENGTH = re.compile(r"[0-9]{1,12}")


class TooLongError(Exception):
    """More bytes than any honest reply has."""


class HurriedResponse(HTTPResponse):
    """http.client's response with its body reading and a header reading of our own; all of it ends by the deadline."""

    length_remaining = None  # these two are for the debug line that urllib3 writes
    version_string = "HTTP/1.1"

    def __init__(self, sock: socket.socket, deadline: float, **options: Any) -> None:
        super().__init__(_Hurried(sock, deadline), **options)  # type: ignore[arg-type]  # it asks for makefile() only

    def begin(self) -> None:
        """Reads status and headers; called by http.client."""
        status = 100
        while 100 <= status < 200:
            version, status, self.reason = self._read_status()  # type: ignore[attr-defined]
            fields = self._read_fields()
        self.code = self.status = status
        self.version = 10 if version.startswith("HTTP/1.0") else 11
        self.headers = self.msg = fields  # type: ignore[assignment]  # a dict is all that is asked of it from here on
        self._frame(fields)

    def _read_fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            line = self.fp.readline(_LONGEST_LINE + 1)
            if len(line) > _LONGEST_LINE:
                raise HTTPException("header line too long")
            if not line:
                raise HTTPException("half a header")
            if line in (b"\r\n", b"\n"):
                return fields
            name, _, value = line.decode("latin-1").partition(":")
            _add(fields, name.strip().lower(), value.strip())
        raise HTTPException("too many headers")

    def _frame(self, fields: dict[str, str]) -> None:
        self.chunked = fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(fields.get("content-length"))
        if self.status in (204, 304):
            self.length = 0
        kept = "keep-alive" if self.version == 10 else ""
        connection = fields.get("connection", "").lower()
        self.will_close = "close" in connection or kept not in connection or (self.length is None and not self.chunked)

    def read_whole(self, limit: int) -> bytes:
        """The body; raises TooLongError beyond the limit, HTTPException for one that is shorter than announced."""
        body = self.read(limit + 1)
        if len(body) > limit:
            raise TooLongError
        if self.length:
            raise HTTPException("half a body")
        if not self.isclosed():  # http.client closes what it has read to its end, unless that end came unannounced
            self.read()
        return unpacked(body, limit) if self.headers.get("content-encoding") == "gzip" else body


def _add(fields: dict[str, str], name: str, value: str) -> None:
    if name in ("content-length", "transfer-encoding") and fields.get(name, value) != value:
        raise HTTPException("two lengths")
    fields[name] = value


def _length(value: str | None) -> int | None:
    if value is None:
        return None
    if not _LENGTH.fullmatch(value):
        raise HTTPException("no length")
    return int(value)


def unpacked(body: bytes, limit: int) -> bytes:
    """What was packed although we asked that it not be; raises TooLongError, or zlib.error for what it can't unpack."""
    whole = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, limit + 1)
    if len(whole) > limit:
        raise TooLongError
    return whole


class _Hurried:
    """A socket to read from, whose reads all end by the deadline: a slow drip of bytes can't outlast it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_HurriedFile(self._sock, self._sock.makefile("rb", buffering=0), self._deadline))


class _HurriedFile(io.RawIOBase):
    def __init__(self, sock: socket.socket, file: io.RawIOBase, deadline: float) -> None:
        self._sock, self._file, self._deadline = sock, file, deadline
        self._left = _MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = max(0.0, self._deadline - monotonic())  # 0: what has come is read, though we were frozen meanwhile
        if left < (self._sock.gettimeout() or left + 1):
            self._sock.settimeout(left)
        count = self._file.readinto(buffer)
        if count is None:
            raise TimeoutError
        self._left -= count
        if self._left < 0:  # a chunk of length -1 has http.client read for ever
            raise TooLongError
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
