"""Files of people, for whoever has no command line: uploaded, looked at, checked, used once, and soon forgotten.

A file is read once and kept as rows in Postgres, so that any process can go on with it. What is queued of a campaign
and how far it is are one transaction, and a row's reference is made of what it says: pressing twice, two people, a
process that dies on the way give each person one message.

    draft ─check─▶ checking ─▶ checked ─run─▶ running ─▶ done        steps of 1,000 rows
      ▲──────────────plan────────────┘           ▲└─stop─▶ stopped
                                                 └──run──────┘
"""

from worker.api.uploads.calendars import CalendarPlan
from worker.api.uploads.campaigns import CampaignPlan, CampaignPreview, RowPreviewed
from worker.api.uploads.event_sheets import EventsPlan
from worker.api.uploads.people import ContactsPlan
from worker.api.uploads.reading import BYTES_MOST, ROWS_MOST
from worker.api.uploads.steps import SMALL
from worker.api.uploads.uploads import Uploads
from worker.ledger.uploads import KEPT, UploadShown
from worker.lifecycle import UploadKind, UploadState

__all__ = [
    "BYTES_MOST",
    "KEPT",
    "ROWS_MOST",
    "SMALL",
    "CalendarPlan",
    "CampaignPlan",
    "CampaignPreview",
    "ContactsPlan",
    "EventsPlan",
    "RowPreviewed",
    "UploadKind",
    "UploadShown",
    "UploadState",
    "Uploads",
]
