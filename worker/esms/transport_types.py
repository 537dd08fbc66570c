"""What a transport is given and what it brings back, whichever transport it is."""

from dataclasses import dataclass, field

from worker.esms.values import made_often


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for a connection, for each piece of the answer, and for the whole call."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@made_often()
class Parcel:
    """What goes over the wire: the public URL, and the secret rest of it; at most `limit` bytes are read back."""

    url: str
    secret: str = field(repr=False)
    limit: int


@made_often()
class HttpAnswer:
    """What came back, whole: at most as many bytes as were asked for."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a GET goes, and what is said there before and after the secret part of its URL."""

    origin: str
    before: str
    after: str = field(repr=False)  # it may hold a proxy's password

    def words(self, secret: str) -> bytes:
        """The whole request."""
        return f"{self.before}{secret}{self.after}".encode()
