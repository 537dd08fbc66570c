"""RabbitMQ: frames whose headers py-amqp can't read arrive without them; nothing is unpacked before it is looked at.

An error in the middle of a frame ends the connection, and RabbitMQ hands the same message to the next worker.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack_from
from typing import Any

from amqp.method_framing import frame_handler
from amqp.serialization import PROPERTY_CLASSES, loads
from amqp.spec import Basic
from kombu.transport import pyamqp

METHOD, HEADER = 1, 2  # types of frames
FIXED = 12  # bytes of a header frame before its properties
NO_PROPERTIES = b"\0\0"
NO_ROUTE = b"\0\0"  # an empty exchange, an empty routing key

Frame = tuple[int, int, bytes]


class Message(pyamqp.Message):
    """Not unpacked by whom it comes from: a few kilobytes of gzip are gigabytes of memory. The reader refuses it."""

    def __init__(self, msg: Any, channel: Any = None, **options: Any) -> None:
        headers = msg.properties.get("application_headers") or {}
        compression = headers.pop("compression", None)
        super().__init__(msg, channel=channel, **options)
        if compression:
            self.headers["compression"] = "yes"


class Channel(pyamqp.Channel):
    """kombu's, with messages of ours."""

    Message = Message


class Connection(pyamqp.Connection):
    """kombu's, with frames that can be read."""

    Channel = Channel

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"frame_handler": _sound_frames})


class Transport(pyamqp.Transport):
    """For amqp://."""

    Connection = Connection


class SSLTransport(pyamqp.SSLTransport):
    """For amqps://."""

    Connection = Connection


def _sound_frames(connection: Any, callback: Any) -> Callable[[Frame], bool]:
    handle: Callable[[Frame], bool] = frame_handler(connection, callback)

    def on_frame(frame: Frame) -> bool:
        kind, channel, payload = frame
        return handle((kind, channel, SOUND[kind](payload) if kind in SOUND else payload))

    return on_frame


def _sound_header(payload: bytes) -> bytes:
    try:
        (class_id,) = unpack_from(">H", payload, 0)
        PROPERTY_CLASSES[class_id](payload, FIXED)
    except Exception:  # noqa: BLE001 — each type of a header's value has its own way to be wrong
        return bytes(payload[:FIXED]) + NO_PROPERTIES
    return payload


def _sound_delivery(payload: bytes) -> bytes:
    """Its route was chosen by whoever sent it, and may be no text."""
    if unpack_from(">HH", payload, 0) != Basic.Deliver:
        return payload
    try:
        loads("sLbss", payload, 4)
    except UnicodeDecodeError:
        return bytes(payload[: 4 + 1 + payload[4] + 8 + 1]) + NO_ROUTE
    return payload


SOUND = {METHOD: _sound_delivery, HEADER: _sound_header}
