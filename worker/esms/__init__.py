"""A client for the Vietnamese SMS and voice provider eSMS, whole: eight functions, JSON and XML.

    client = Client(Credentials(api_key, secret_key))
    receipt = client.send_sms(OutgoingSms(phone="0901234567", content="Ma: 123456", sms_type=7, request_id="42"))

It never sends anything twice by itself, and says of every failure whether the message may have been taken.
"""

from worker.esms.client import REST_URL, VOICE_URL, Client
from worker.esms.credentials import Credentials
from worker.esms.errors import (
    AccountTrouble,
    EsmsError,
    InvalidRequest,
    MaybeTaken,
    NotTaken,
    Refused,
    TooFast,
    Trace,
    Unclear,
)
from worker.esms.exchange import Exchange, Finished, Prepared
from worker.esms.functions import Format, Function, Transport
from worker.esms.messages import (
    Balance,
    Brandname,
    OutgoingRecordCall,
    OutgoingSms,
    OutgoingTemplateCall,
    Receipt,
    ReceiverState,
    SendProgress,
    SentSms,
)
from worker.esms.reading import VIETNAM

__all__ = [
    "REST_URL",
    "VIETNAM",
    "VOICE_URL",
    "AccountTrouble",
    "Balance",
    "Brandname",
    "Client",
    "Credentials",
    "EsmsError",
    "Exchange",
    "Finished",
    "Format",
    "Function",
    "InvalidRequest",
    "MaybeTaken",
    "NotTaken",
    "OutgoingRecordCall",
    "OutgoingSms",
    "OutgoingTemplateCall",
    "Prepared",
    "Receipt",
    "ReceiverState",
    "Refused",
    "SendProgress",
    "SentSms",
    "TooFast",
    "Trace",
    "Transport",
    "Unclear",
]
