"""The eight functions of the manual and the two hosts that serve them.

Both hosts spell one service, `MainService.svc`; the voice functions exist on the voice host only.
"""

from enum import StrEnum


class Function(StrEnum):
    """A function of the provider; the value is its name on the wire, the name is our method's."""

    GET_BALANCE = "GetBalance"  # manual II.1
    SEND_SMS = "SendMultipleMessage_V4_get"  # II.2
    GET_SEND_STATUS = "GetSendStatus"  # II.3
    GET_RECEIVER_STATUS = "GetSmsReceiverStatus_get"  # II.4
    GET_SENT_DATA = "GetSmsSentData"  # II.5
    LIST_BRANDNAMES = "GetListBrandname"  # II.6
    CALL_TEMPLATE = "MakeCallTemplate_V2"  # III.1
    CALL_RECORD = "MakeCallRecord_V2"  # III.2


class Format(StrEnum):
    """How the provider writes its replies; every function has both."""

    JSON = "json"
    XML = "xml"


class Transport(StrEnum):
    """What carries many requests side by side; `auto` is the first of sockets, curl and requests that can be had."""

    AUTO = "auto"
    REQUESTS = "requests"
    CURL = "curl"
    SOCKETS = "sockets"


SMS_SEND = frozenset({Function.SEND_SMS})
CALLS = frozenset({Function.CALL_TEMPLATE, Function.CALL_RECORD})
SENDS = SMS_SEND | CALLS
STATUSES = frozenset({Function.GET_SEND_STATUS, Function.GET_RECEIVER_STATUS})
EVERY = frozenset(Function)
