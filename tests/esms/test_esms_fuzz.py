"""Whatever comes back, the caller sees a typed reply or one of our own errors.

ESMS_FUZZ=100000 in the environment makes the long run.
"""

import json
import os
import socket
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.esms.conftest import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer
from worker.esms import Client, Credentials, EsmsError, Format, MaybeTaken, OutgoingSms, Receipt
from worker.esms.wire import Answer

EXAMPLES = int(os.environ.get("ESMS_FUZZ", "400"))
fuzzed = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))

NAMES = st.sampled_from(
    [
        "CodeResult",
        "CodeResponse",
        "SMSID",
        "Balance",
        "SendStatus",
        "SendSuccess",
        "TotalPrice",
        "ReceiverList",
        "IsSent",
        "Phone",
        "SentResult",
        "SentData",
        "SentTime",
        "Content",
        "ReferenceId",
        "ListBrandName",
        "Brandname",
        "Type",
        "error",
        "x",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["100", 100, "99", "124", "1.2E+15", "/Date(99999999999999)/", "31/12/9999 23:59:59", " 5 "])
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
REPLIES = st.dictionaries(NAMES, TREES, max_size=6).map(lambda members: {"CodeResult": "100"} | members)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 404, 500])


def as_xml(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(as_xml(child, inner) for child, inner in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(as_xml('item', inner) for inner in value)}</{name}>"
    return f"<{name}>{value}</{name}>"


JSON_BODIES = REPLIES.map(lambda tree: json.dumps(tree).encode()) | TREES.map(lambda tree: json.dumps(tree).encode())
XML_BODIES = REPLIES.map(lambda tree: as_xml("R", tree).encode("utf-8", "replace"))
BODIES = JSON_BODIES | XML_BODIES | st.binary(max_size=200)

CLIENTS = {format: Client(Credentials(API_KEY, SECRET_KEY), format=format) for format in Format}
SMS = OutgoingSms(phone="0901234567", content="Chao", sms_type=7, request_id="r")
DAY = date(2026, 3, 1)
PREPARE: list[Callable[[Client], object]] = [
    lambda client: client.prepare_balance(),
    lambda client: client.prepare_sms(SMS),
    lambda client: client.prepare_send_status("7"),
    lambda client: client.prepare_receiver_status("7"),
    lambda client: client.prepare_sent_data(DAY, DAY),
    lambda client: client.prepare_brandnames(),
]


@fuzzed
@given(body=BODIES, status=STATUSES, format=st.sampled_from(Format), prepare=st.sampled_from(PREPARE))
def test_any_reply_is_read_or_is_one_of_our_errors(
    body: bytes, status: int, format: Format, prepare: Callable[[Client], object]
) -> None:
    client = CLIENTS[format]
    outcome = client._understand(prepare(client), Answer(status, body))  # type: ignore[arg-type,var-annotated]
    assert outcome.failure is None or isinstance(outcome.failure, EsmsError)
    assert "can't be understood" not in str(outcome.failure)  # the net below the reader was not needed
    repr(outcome)


@fuzzed
@given(body=BODIES, status=STATUSES)
def test_no_reply_without_a_code_of_100_or_124_is_a_receipt(body: bytes, status: int) -> None:
    client = CLIENTS[Format.JSON]
    outcome = client._understand(client.prepare_sms(SMS), Answer(status, body))
    if outcome.failure is None:
        assert isinstance(outcome.reply, Receipt)
        assert outcome.code in ("100", "124")
        assert 200 <= status < 300
        assert outcome.code.encode() in body


@settings(fuzzed, max_examples=max(60, EXAMPLES // 20))
@given(raw=st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail))
def test_any_bytes_on_the_wire_may_have_been_taken(raw: bytes) -> None:
    def then_hang_up(connection: socket.socket) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_RDWR)

    server = ScriptedServer()
    server.play(then_hang_up)
    try:
        with Client(Credentials(API_KEY, SECRET_KEY), rest_url=server.url) as client, pytest.raises(MaybeTaken):
            client.send_sms(SMS)
    finally:
        server.close()
