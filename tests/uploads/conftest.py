"""Files of people, and where they are uploaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Bench
from worker.api.uploads import CampaignPlan, UploadKind, UploadShown
from worker.lifecycle import SmsType

Take = Callable[..., UploadShown]
TEXT = "Chao {name}"


@pytest.fixture
def take(bench: Bench, tmp_path: Path) -> Take:
    """Upload what a file holds."""

    def take(content: str | bytes, kind: UploadKind = UploadKind.CAMPAIGN, name: str = "khach.csv") -> UploadShown:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return bench.notifier.uploads.take(file, kind, by="lan")

    return take


def campaign(content: str = TEXT, **more: object) -> CampaignPlan:
    """A text to each row."""
    return CampaignPlan(**{"campaign": "tet", "content": content, "sms_type": SmsType.NOTIFY, **more})  # type: ignore[arg-type]


def people(count: int, *, start: int = 0) -> str:
    """A file of so many."""
    rows = (f"Lan {number},09{10_000_000 + number:08}\n" for number in range(start, start + count))
    return "name,phone\n" + "".join(rows)
