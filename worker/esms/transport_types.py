"""What a transport is given and what it brings back, whichever transport it is."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for a connection, for each piece of the answer, and for the whole call."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes over the wire: the public URL, and the secret rest of it; at most `limit` bytes are read back."""

    url: str
    secret: str = field(repr=False)
    limit: int


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, whole: at most as many bytes as were asked for."""

    status: int
    body: bytes = field(repr=False)
