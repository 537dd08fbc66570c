"""The eight functions as the manual prints them, in both formats, and how eSMS spells things otherwise."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.esms.conftest import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer, reply
from worker.esms import (
    Balance,
    Brandname,
    Client,
    MaybeTaken,
    OutgoingRecordCall,
    OutgoingSms,
    OutgoingTemplateCall,
    Receipt,
    ReceiverState,
    Refused,
    SendProgress,
    SentSms,
    Unclear,
)

Connect = Callable[..., Client]
VIETNAM = timezone(timedelta(hours=7))
NAMESPACES = (
    'xmlns="http://schemas.datacontract.org/2004/07/AdvertisingAPI.Model" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
)
SMS = OutgoingSms(phone="0901234567", content="Chào bạn & 100%", sms_type=2, request_id="r-1", brandname="Shop")
CALL = OutgoingTemplateCall(phone="0901234567", template_id="17", variables=("Trung", "20000"))
RECORD = OutgoingRecordCall(phone="0901234567", record_id="9")
DAY = date(2026, 3, 1)
GUID = "8eb2af6d-fb4c-4814-b9cc-4c0e3ed32edf"

# (call, the manual's JSON, the manual's XML, what it means)
MANUAL: dict[str, tuple[Callable[[Client], object], str, str, object]] = {
    "II.1 GetBalance": (
        lambda client: client.get_balance(),
        '{ \n  "Balance": 7527430, \n  "CodeResponse": "100"\n, \n  "UserID": 0001 \n}',
        (
            f"<MemberModel {NAMESPACES}><Balance>7527430</Balance><CodeResponse>100</CodeResponse>"
            "<UserID>0001</UserID></MemberModel>"
        ),
        Balance(balance=Decimal(7527430), user_id="0001"),
    ),
    "II.2 SendMultipleMessage_V4_get": (
        lambda client: client.send_sms(SMS),
        '{ \n  "CodeResult": "100", \n   “CountRegenerate”:”0”, \n  "SMSID": "24342680" \n}',
        (
            f"<SmsResultModel {NAMESPACES}>\n    <CodeResult>100</CodeResult>\n"
            "    < CountRegenerate >0</ CountRegenerate >\n     <SMSID>24342680</SMSID>\n</SmsResultModel>"
        ),
        Receipt(sms_id="24342680", code="100"),
    ),
    "II.3 GetSendStatus": (
        lambda client: client.get_send_status("24312210"),
        (
            '{"CodeResponse": "100", "SMSID": "24312210", "SendFailed": 0, "SendStatus": 5, "SendSuccess": 1, '
            '"TotalReceiver": 1, "TotalSent": 1}'
        ),
        (
            f"<SmsStatusResult {NAMESPACES}><CodeResponse>100</CodeResponse><SMSID>24312210</SMSID>"
            "<SendFailed>0</SendFailed><SendStatus>5</SendStatus><SendSuccess>1</SendSuccess>"
            "<TotalReceiver>1</TotalReceiver><TotalSent>1</TotalSent></SmsStatusResult>"
        ),
        SendProgress(sms_id="24312210", send_status=5, success=1, failed=0, receivers=1, sent=1),
    ),
    "II.4 GetSmsReceiverStatus_get": (
        lambda client: client.get_receiver_status("24312210"),
        '{ \n"CodeResult":"100", \n"ReceiverList": \n[{"IsSent":true,"Phone":"0901234567","SentResult":true} \n] \n}',
        (
            f"<SmsReceiver {NAMESPACES}><CodeResult>100</CodeResult><ReceiverList><Receiver><IsSent>true</IsSent>"
            "<Phone>0901234567</Phone><SentResult>true</SentResult></Receiver></ReceiverList></SmsReceiver>"
        ),
        (ReceiverState(phone="0901234567", is_sent=True, delivered=True),),
    ),
    "II.5 GetSmsSentData": (  # the manual prints no body: this one has its fields
        lambda client: client.get_sent_data(DAY, DAY),
        (
            '{"CodeResult":"100","SentData":[{"SentTime":"2026-03-01 14:00:00","Phone":"0901234567","Content":"Chao",'
            '"SmsType":2,"SentStatus":true,"CodeResult":"100","ErrorMessage":null}]}'
        ),
        (
            f"<SentData {NAMESPACES}><CodeResult>100</CodeResult><SentData><SmsSent>"
            "<SentTime>2026-03-01 14:00:00</SentTime>"
            "<Phone>0901234567</Phone><Content>Chao</Content><SmsType>2</SmsType><SentStatus>true</SentStatus>"
            "<CodeResult>100</CodeResult><ErrorMessage i:nil='true'/></SmsSent></SentData></SentData>"
        ),
        (
            SentSms(
                phone="0901234567",
                content="Chao",
                sms_type=2,
                sent_at=datetime(2026, 3, 1, 14, tzinfo=VIETNAM),
                sent_status="true",
                code="100",
            ),
        ),
    ),
    "II.6 GetListBrandname": (
        lambda client: client.list_brandnames(),
        (
            '{"CodeResponse": "100", "ListBrandName": [{"Brandname": "Test_Sang", "Type": 2}, '
            '{"Brandname": "sangbrand", "Type": 2}]}'
        ),
        (
            f"<BrandnameListModel {NAMESPACES}><CodeResponse>100</CodeResponse><ListBrandName><listbrandname>"
            "<Brandname>Test_Sang</Brandname><Type>2</Type></listbrandname><listbrandname>"
            "<Brandname>sangbrand</Brandname><Type>2</Type></listbrandname></ListBrandName></BrandnameListModel>"
        ),
        (Brandname(name="Test_Sang", type=2), Brandname(name="sangbrand", type=2)),
    ),
    "III.1 MakeCallTemplate_V2": (
        lambda client: client.call_template(CALL),
        f'{{"CodeResult": "100", "SMSID": "{GUID} "}}',
        f"<SmsResultModel {NAMESPACES}><CodeResult>100</CodeResult><SMSID>{GUID} </SMSID></SmsResultModel>",
        Receipt(sms_id=GUID, code="100"),
    ),
    "III.2 MakeCallRecord_V2": (
        lambda client: client.call_record(RECORD),
        f'{{"CodeResult": "100", "SMSID": "{GUID} "}}',
        f"<SmsResultModel><SMSID>{GUID} </SMSID><CodeResult>100</CodeResult></SmsResultModel>",
        Receipt(sms_id=GUID, code="100"),
    ),
}


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("section", MANUAL)
def test_the_manual_s_sample_is_read(connect: Connect, server: ScriptedServer, section: str, format: str) -> None:
    call, json_body, xml_body, meaning = MANUAL[section]
    server.play(reply(json_body if format == "json" else xml_body))
    assert call(connect(format=format)) == meaning
    assert f"/MainService.svc/{format}/{section.split()[1]}" in server.requests[0]


# What goes out...


def sent(server: ScriptedServer) -> dict[str, str]:
    query = urlsplit(server.requests[-1].split(" ")[1]).query
    return {name: value for name, [value] in parse_qs(query, strict_parsing=True).items()}


def take(server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"100","SMSID":"1"}'))


def test_an_sms_goes_out_with_the_manual_s_parameters_and_no_others(client: Client, server: ScriptedServer) -> None:
    take(server)
    client.send_sms(SMS)
    assert sent(server) == {
        "Phone": "0901234567",
        "Content": "Chào bạn & 100%",
        "SmsType": "2",
        "IsUnicode": "0",
        "Brandname": "Shop",
        "RequestId": "r-1",
        "ApiKey": API_KEY,
        "SecretKey": SECRET_KEY,
    }


def test_the_parameters_that_apply_go_out_too(client: Client, server: ScriptedServer) -> None:
    take(server)
    noon = datetime(2026, 3, 1, 5, tzinfo=UTC)
    client.send_sms(
        OutgoingSms(
            phone=["0901234567", "0911234567"],
            content="Chào",
            sms_type=3,
            request_id="r",
            is_unicode=True,
            sandbox=True,
            send_date=noon,
        )
    )
    assert (
        sent(server).items()
        >= {
            "Phone": "0901234567,0911234567",
            "IsUnicode": "1",
            "Sandbox": "1",
            "SendDate": "2026-03-01 12:00:00",
        }.items()
    )


def test_the_keys_go_out_in_the_path_where_the_manual_has_them_there(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResponse":"100","Balance":1}'))
    client.get_balance()
    path = server.requests[0].split(" ")[1]
    assert path.endswith("/json/GetBalance/CANARY%2FApi%2BKey%3D0001/CANARY%26Secret%3CKey%3E%2502")


def test_a_template_call_goes_out_with_its_values_joined(client: Client, server: ScriptedServer) -> None:
    take(server)
    client.call_template(CALL)
    assert (
        sent(server).items() >= {"TemplateId": "17", "Phone": "0901234567", "VariableListStr": "Trung||20000"}.items()
    )
    assert "SendDate" not in sent(server)


def test_a_record_call_goes_out_with_the_manual_s_parameters(client: Client, server: ScriptedServer) -> None:
    take(server)
    client.call_record(
        OutgoingRecordCall(
            phone="02438123456",
            record_id="9",
            send_date=datetime(2017, 12, 12, 14, tzinfo=VIETNAM),
            number_forward="0901234567",
            max_repeat=2,
            max_retry=0,
            ivr="0",
            time_wait_to_ivr=10,
            wait_retry=60,
            request_id="r-9",
        )
    )
    assert sent(server) == {
        "TemplateId": "9",
        "Phone": "02438123456",
        "SendDate": "2017/12/12 14:00:00",
        "NumberForward": "0901234567",
        "MaxRepeat": "2",
        "MaxRetry": "0",
        "Ivr": "0",
        "TimeWaitToIvr": "10",
        "WaitRetry": "60",
        "RequestID": "r-9",
        "ApiKey": API_KEY,
        "SecretKey": SECRET_KEY,
    }


def test_sent_data_is_asked_for_with_the_month_first(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"100","SentData":[]}'))
    assert client.get_sent_data(date(2026, 3, 1), date(2026, 12, 31)) == ()
    assert sent(server).items() >= {"FROM": "03/01/2026", "TO": "12/31/2026"}.items()


@pytest.mark.parametrize(
    "members",
    ["", ',"SentData":null', ',"SentData":""', ',"SentData":"none"', ',"Data":[]', ',"SentData":0'],
)
def test_sent_data_without_a_list_is_no_answer_at_all(client: Client, server: ScriptedServer, members: str) -> None:
    server.play(reply(f'{{"CodeResult":"100"{members}}}'))
    with pytest.raises(MaybeTaken, match="no list"):
        client.get_sent_data(date(2026, 3, 1), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("element", "rows"),
    [
        ("<SentData/>", 0),
        ("<SentData> </SentData>", 0),
        ("<SentData><Sms><Phone>0901000001</Phone></Sms></SentData>", 1),
        ('<SentData i:nil="true"/>', None),
        ("", None),
    ],
)
def test_in_xml_an_empty_element_is_an_empty_list_and_a_nil_one_is_none(
    connect: Connect, server: ScriptedServer, element: str, rows: int | None
) -> None:
    namespace = "http://www.w3.org/2001/XMLSchema-instance"
    server.play(reply(f'<R xmlns:i="{namespace}"><CodeResult>100</CodeResult>{element}</R>'))
    client, days = connect(format="xml"), (date(2026, 3, 1), date(2026, 3, 2))
    if rows is None:
        with pytest.raises(MaybeTaken, match="no list"):
            client.get_sent_data(*days)
    else:
        assert len(client.get_sent_data(*days)) == rows


def test_a_row_that_is_no_object_stays_as_one_that_could_be_anybodys(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"100","SentData":["0901000001"]}'))
    [row] = client.get_sent_data(date(2026, 3, 1), date(2026, 3, 2))
    assert (row.phone, row.content) == ("", "")


def test_voice_goes_to_its_own_host_and_the_rest_to_the_other(connect: Connect, server: ScriptedServer) -> None:
    take(server)
    client = connect(rest_url=server.url + "/rest/", voice_url=server.url + "/voice")
    client.send_sms(SMS)
    client.call_template(CALL)
    assert [line.split("/")[2] for line in server.requests] == ["rest", "voice"]


# How eSMS spells it otherwise...


def test_codes_come_as_text_or_number_under_either_name(client: Client, server: ScriptedServer) -> None:
    for member in ('"CodeResult":"100"', '"CodeResult":100', '"CodeResponse":"100"', '"coderesult":" 100 "'):
        server.play(reply(f'{{{member},"SMSID":123,"New":{{"a":[1]}},"ErrorMessage":"Success"}}'))
        assert client.send_sms(SMS) == Receipt(sms_id="123", code="100")


def test_a_request_id_taken_before_is_a_receipt_without_an_sms_id(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"124","ErrorMessage":"RequestId da ton tai"}'))
    assert client.send_sms(SMS) == Receipt(sms_id=None, code="124", taken_before=True)


def test_a_template_call_has_no_request_id_and_so_no_124(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResult":"124"}'))
    with pytest.raises(Unclear):
        client.call_template(CALL)


@pytest.mark.parametrize("member", ["", ',"SMSID":null', ',"SMSID":"  "', ',"SMSID":{}', f',"SMSID":"{"9" * 65}"'])
def test_a_100_without_a_usable_sms_id_says_so(client: Client, server: ScriptedServer, member: str) -> None:
    server.play(reply(f'{{"CodeResult":"100"{member}}}'))
    assert client.send_sms(SMS) == Receipt(sms_id=None, code="100")


@pytest.mark.parametrize("body", ['"1.26743233E+15"', "1.26743233E+15", "1267432330000000.0"])
def test_a_balance_written_as_a_double_is_a_decimal(client: Client, server: ScriptedServer, body: str) -> None:
    server.play(reply(f'{{"CodeResponse":"100","Balance":{body}}}'))
    assert client.get_balance().balance == Decimal("1267432330000000")


@pytest.mark.parametrize("body", ["NaN", "Infinity", '"much"', "null", "[]"])
def test_a_balance_that_is_no_number_is_no_balance(client: Client, server: ScriptedServer, body: str) -> None:
    server.play(reply(f'{{"CodeResponse":"100","Balance":{body}}}'))
    with pytest.raises(MaybeTaken):
        client.get_balance()


def test_the_counters_of_the_manual_s_table_are_read_too(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResponse":100,"SendStatus":"5","SentSuccess":"2","SentFailed":1.0,"TotalPrice":850.0000}'))
    assert client.get_send_status("7") == SendProgress(
        sms_id="7", send_status=5, success=2, failed=1, price=Decimal(850)
    )


def test_an_unknown_id_is_refused_with_105(client: Client, server: ScriptedServer) -> None:
    server.play(reply('{"CodeResponse":"105"}'))
    with pytest.raises(Refused) as caught:
        client.get_send_status("7")
    assert caught.value.code == "105"


def test_a_text_that_no_database_takes_is_read_without_what_makes_it_so(client: Client, server: ScriptedServer) -> None:
    receiver_list = r'[{"IsSent":true,"Phone":"0901000001","SentResult":true,"NetworkName":"A\u0000B\ud800"}]'
    server.play(reply('{"CodeResult":"100","ReceiverList":' + receiver_list + "}"))
    [receiver] = client.get_receiver_status("7")
    assert receiver.network is not None
    assert "\0" not in receiver.network
    receiver.network.encode()


def test_receivers_have_their_network_and_may_be_unsettled(client: Client, server: ScriptedServer) -> None:
    server.play(
        reply(
            '{"CodeResult":"100","ReceiverStatus":[{"Phone":"x"}],"ReceiverList":[{"IsSent":1,"Phone":"0901234567",'
            '"SentResult":2,"NetworkName":"Viettel","Retry":0},null,7,{"Phone":"0911234567","SentResult":"0"}]}'
        )
    )
    assert client.get_receiver_status("7") == (
        ReceiverState(phone="0901234567", is_sent=True, network="Viettel"),
        ReceiverState(phone="0911234567", delivered=False),
    )


@pytest.mark.parametrize("items", ["", "<ReceiverList/>", "<ReceiverList> </ReceiverList>"])
def test_an_xml_list_may_be_empty(connect: Connect, server: ScriptedServer, items: str) -> None:
    server.play(reply(f"\ufeff<?xml version='1.0'?><SmsReceiver><CodeResult>100</CodeResult>{items}</SmsReceiver>"))
    assert connect(format="xml").get_receiver_status("7") == ()


SENT_TIMES = {
    '"/Date(1705484048995+0700)/"': datetime(2024, 1, 17, 16, 34, 8, 995000, VIETNAM),
    '"\\/Date(1705484048000)\\/"': datetime(2024, 1, 17, 16, 34, 8, tzinfo=VIETNAM),
    '"17/01/2024 09:34:08"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"01/17/2024 09:34:08"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"1/17/2024 9:34:08 AM"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"2024-01-17T09:34:08"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"2024-01-17T02:34:08Z"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"2024/01/17 09:34:08"': datetime(2024, 1, 17, 9, 34, 8, tzinfo=VIETNAM),
    '"01/02/2024 00:00:00"': datetime(2024, 1, 2, tzinfo=VIETNAM),  # the other reading is outside of what was asked
    '"yesterday"': None,
    '"/Date(999999999999999)/"': None,
    "null": None,
}


@pytest.mark.parametrize("written", SENT_TIMES)
def test_a_sent_time_is_read_however_it_is_written(client: Client, server: ScriptedServer, written: str) -> None:
    server.play(reply(f'{{"CodeResult":"100","SentData":[{{"Phone":"0901234567","SentTime":{written}}}]}}'))
    [row] = client.get_sent_data(date(2024, 1, 1), date(2024, 1, 31))
    assert row.sent_at == SENT_TIMES[written]


@pytest.mark.parametrize("name", ["ReferenceId", "RefercenceId"])
def test_sent_data_names_the_id_that_the_send_returned(client: Client, server: ScriptedServer, name: str) -> None:
    server.play(
        reply(
            f'{{"CodeResult":"100","SentData":[{{"{name}":"{GUID}8","SmsId":29028845,"SendResult":0,"SellPrice":345.0}}]}}'
        )
    )
    [row] = client.get_sent_data(DAY, DAY)
    assert (row.sms_id, row.delivered, row.price) == (f"{GUID}8", False, Decimal(345))
