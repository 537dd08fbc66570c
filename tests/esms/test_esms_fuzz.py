"""Whatever comes back, the caller sees a typed reply or one of our own errors.

A few thousand inputs each time; ESMS_FUZZ=100000 in the environment makes the long run (docs/testing.md).
Hypothesis gives each input as a handful of bytes, and a reply is grown from them here: its own recursive strategies
cost ten times as much.
"""

import json
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer
from worker.esms import (
    Client,
    Credentials,
    EsmsError,
    Finished,
    Format,
    MaybeTaken,
    OutgoingRecordCall,
    OutgoingSms,
    OutgoingTemplateCall,
    Prepared,
    Receipt,
)
from worker.esms.transport_types import HttpAnswer

INPUTS = int(os.environ.get("ESMS_FUZZ", "2000"))
fuzzed = settings(
    max_examples=INPUTS,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

# Growing a reply...

NAMES = (
    *(
        "CodeResult",
        "CodeResponse",
        "SMSID",
        "Balance",
        "UserID",
        "SendStatus",
        "SendSuccess",
        "SentFailed",
        "TotalPrice",
    ),
    *("ReceiverList", "IsSent", "Phone", "SentResult", "SentData", "SentTime", "Content", "ReferenceId", "SellPrice"),
    *("ListBrandName", "Brandname", "Type", "error", "x", "codeRESULT", "a:b", ""),
)
SCALARS: tuple[object, ...] = (
    *((0, 1, "2", 5, 350_000.0, "0901234567", "true") * 4),  # what is usual should come often
    *(None, True, False, 0, -1, 10**40, 1.5, float("nan"), float("inf"), -0.0),
    *("", " 5 ", "100", 100, "99", "124", "0100", "1.2E+15", "1E999999", "٣", "½", "\ud800", "\0", "a" * 70, "é" * 20),
    *(
        "/Date(1705484048995+0700)/",
        "/Date(99999999999999)/",
        "31/12/9999 23:59:59",
        "2026-02-30T00:00:00Z",
        "0001-01-01",
    ),
    *("2026-03-01 08:00:00", "02/01/2026 10:00:00 PM", "&lt;", "<![CDATA[x]]>", "]]>", "&bomb;", "<x/>", "{", '"'),
)
CODES = ("CodeResult", "CodeResponse", "codeRESULT")
CODE = (*("100",) * 8, "99", "101", "104", "124", "146", "777")
DEEPEST = 6
WRAPPINGS = (
    *(b"", b"\xef\xbb\xbf", b" ", b'<?xml version="1.0" encoding="utf-16"?>', b"<!DOCTYPE x>", b"\x1f\x8b", b"[" * 99),
    *(
        b'<R xmlns="http://schemas.datacontract.org/2004/07/AdvertisingAPI.Model">',
        b'<!DOCTYPE x [<!ENTITY bomb "b">]>',
    ),
)


def grow(choices: Iterator[int], depth: int = 0) -> object:
    """A tree in which each byte decides something; where they run out, it ends."""
    kind = next(choices, 0) % 8
    if kind < 2 and depth < DEEPEST:
        return {pick(NAMES, choices): grow(choices, depth + 1) for _ in range(next(choices, 0) % 6)}
    if kind < 4 and depth < DEEPEST:
        return [grow(choices, depth + 1) for _ in range(next(choices, 0) % 4)]
    return pick(SCALARS, choices)


def pick(among: tuple[object, ...], choices: Iterator[int]) -> object:
    return among[next(choices, 0) % len(among)]


def reply(choices: Iterator[int]) -> object:
    """Mostly what eSMS could have written: an object with one code."""
    if next(choices, 0) % 4 == 0:
        return grow(choices)
    members = {pick(NAMES, choices): grow(choices, 1) for _ in range(next(choices, 0) % 6)}
    return {name: value for name, value in members.items() if name not in CODES} | {"CodeResult": pick(CODE, choices)}


def as_xml(name: object, value: object) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(as_xml(child, inner) for child, inner in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(as_xml('item', inner) for inner in value)}</{name}>"
    return f"<{name}>{value}</{name}>"


def body(seed: bytes, format: Format) -> bytes:
    """Mostly of the format asked for, sometimes of the other or the bytes themselves; whole, or damaged."""
    choices = iter(seed)
    manner = next(choices, 0)
    if manner % 8 == 0:
        return seed[1:]
    tree = reply(choices)
    written = json.dumps(tree) if (format is Format.JSON) == (manner % 8 > 1) else as_xml("R", tree)
    return damaged(written.encode("utf-8", "replace"), manner // 8, choices)


def damaged(whole: bytes, manner: int, choices: Iterator[int]) -> bytes:
    place = next(choices, 0) * len(whole) // 256
    match manner % 16:
        case 0:
            return whole[:place]
        case 1:
            return whole[:place] + bytes([next(choices, 0)]) + whole[place + 1 :]
        case 2 | 3:
            return WRAPPINGS[next(choices, 0) % len(WRAPPINGS)] + whole
        case 4:
            return whole[:place] + whole
        case _:
            return whole


# What is done with it...

STATUSES = (200, 200, 200, 200, 204, 302, 400, 404, 500)
CLIENTS = [Client(Credentials(API_KEY, SECRET_KEY), format=format) for format in Format]
SMS = OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id="r")
DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENDS = [(client, client.prepare_sms(SMS)) for client in CLIENTS]
ASKED: list[tuple[Client, Prepared[Any]]] = [
    asked
    for client in CLIENTS
    for asked in (
        (client, client.prepare_balance()),
        (client, client.prepare_sms(SMS)),
        (client, client.prepare_send_status("7")),
        (client, client.prepare_receiver_status("7")),
        (client, client.prepare_sent_data(DAY, DAY)),
        (client, client.prepare_brandnames()),
        (client, client.prepare_template_call(OutgoingTemplateCall(phone="0901234567", template_id="1"))),
        (client, client.prepare_record_call(OutgoingRecordCall(phone="0901234567", record_id="1"))),
    )
]
SEEDS = st.binary(min_size=2, max_size=80)  # one draw for all that an input needs: each draw costs more than reading it


def outcome(seed: bytes, asked: Sequence[tuple[Client, Prepared[Any]]]) -> tuple[Finished[Any], HttpAnswer]:
    client, prepared = asked[seed[1] % len(asked)]
    answer = HttpAnswer(STATUSES[seed[0] % len(STATUSES)], body(seed[2:], client._format))
    return client._finish("tag", prepared, NOW, 0.1, answer), answer


def failure_of(finished: Finished[Any]) -> EsmsError | None:
    try:
        finished.result()
    except EsmsError as error:
        return error
    return None


@fuzzed
@given(SEEDS)
def test_any_reply_is_read_or_is_one_of_our_errors(seed: bytes) -> None:
    found, _ = outcome(seed, ASKED)
    assert "can't be understood" not in str(failure_of(found))  # the net below the reader was not needed
    repr(found)


@fuzzed
@given(SEEDS)
def test_no_reply_without_a_code_of_100_or_124_is_a_receipt(seed: bytes) -> None:
    found, answer = outcome(seed, SENDS)
    if failure_of(found) is None:
        assert isinstance(found.result(), Receipt)
        assert found.trace.code in ("100", "124")
        assert 200 <= answer.status < 300
        assert found.trace.code.encode() in answer.body


def test_the_inputs_reach_every_reader() -> None:
    """A fuzzer whose inputs are all refused at the door proves nothing."""
    seeds = [Random(number).randbytes(40) for number in range(10_000)]
    read = Counter(seed[1] % len(ASKED) for seed in seeds if failure_of(outcome(seed, ASKED)[0]) is None)
    assert len(read) == len(ASKED)
    assert read.total() > len(seeds) // 10


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.long
def test_any_bytes_on_the_wire_may_have_been_taken(server: ScriptedServer, connect: Callable[..., Client]) -> None:
    client = connect()

    @settings(fuzzed, max_examples=max(200, INPUTS // 10))
    @given(raw=st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: HEAD + tail))
    def play(raw: bytes) -> None:
        def then_hang_up(connection: socket.socket) -> None:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_RDWR)

        server.play(then_hang_up)
        with pytest.raises(MaybeTaken):
            client.send_sms(SMS)

    play()
