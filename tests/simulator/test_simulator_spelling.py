"""JSON and XML say the same, and no input is too odd to be answered."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.devkit.simulator.clock import VIETNAM
from worker.devkit.simulator.knobs import FUNCTIONS, KNOBS, QUIRKS, KnobError, Knobs
from worker.devkit.simulator.plots import PLOTS
from worker.devkit.simulator.provider import Provider
from worker.devkit.simulator.replies import ITEMS
from worker.devkit.simulator.wire import Request

NAMES = [
    "Phone Content ApiKey SecretKey SmsType IsUnicode Brandname Sandbox RequestId SendDate RefId ReferenceId FROM TO",
    "TemplateId VariableListStr NumberForward MaxRepeat MaxRetry Ivr TimeWaitToIvr WaitRetry",
]
PARAMS = [name.lower() for names in NAMES for name in names.split()]
KEYS = {"apikey": "simulator-key", "secretkey": "simulator-secret"}


def today() -> str:
    return f"{datetime.now(VIETNAM):%m/%d/%Y}"


def asked(provider: Provider, function: str, form: str = "json", **params: str) -> str:
    request = Request("GET", f"/MainService.svc/{form}/{function}", KEYS | params, b"", keep_alive=True)
    return provider.answer(request).body.decode()


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def told(element: ET.Element) -> Any:
    """The element as JSON would have it: lists by the name of their items, the rest by member."""
    if not len(element):
        return element.text or ""
    if local(element[0].tag) in ITEMS.values():
        return [told(item) for item in element]
    return {local(member.tag): told(member) for member in element}


def as_text(value: Any) -> Any:
    match value:
        case dict():
            return {name: as_text(member) for name, member in value.items()}
        case list():
            return [as_text(item) for item in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)


@pytest.mark.parametrize("dialect", ["namespace", "plain"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_says_the_same_in_json_and_in_xml(function: str, dialect: str) -> None:
    provider = Provider(Knobs(pace=0, xml=dialect, sent_time="text"))
    sms_id = json.loads(asked(provider, FUNCTIONS[1], phone="0901234001", content="Chào <chị> & anh", smstype="4"))[
        "SMSID"
    ]
    params = {"refid": sms_id, "from": today(), "to": today(), "templateid": "9"}
    in_json, in_xml = (asked(provider, function, form, **params) for form in ("json", "xml"))
    assert told(ET.fromstring(in_xml)) == as_text(json.loads(in_json))


values = st.text(max_size=30) | st.sampled_from(
    ["1", "2", "0901234001", "12/31/9999", "01/01/0001", today(), "1000", "||"]
)


@given(
    function=st.sampled_from(FUNCTIONS),
    form=st.sampled_from(["json", "xml"]),
    params=st.dictionaries(st.sampled_from(PARAMS), values, max_size=8),
    quirks=st.lists(st.sampled_from(sorted(QUIRKS))),
    plot=st.sampled_from(["", *PLOTS]),
)
def test_any_parameters_get_an_answer(
    function: str, form: str, params: dict[str, str], quirks: list[str], plot: str
) -> None:
    provider = Provider(Knobs(quirks=quirks, force={function: plot} if plot else {}))
    for _ in range(2):
        request = Request("GET", f"/MainService.svc/{form}/{function}", KEYS | params, b"", keep_alive=True)
        assert provider.answer(request).head(keep_alive=True)


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(KNOBS)), jsons)
def test_any_value_for_a_knob_is_taken_or_refused_by_its_name(name: str, value: Any) -> None:
    knobs = Knobs()
    try:
        knobs.set({name: value})
    except KnobError as error:
        assert str(error).startswith(f"{name}: ")
        assert "\n" not in str(error)
