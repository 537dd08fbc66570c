"""What a page says of people, to whom sees them and to whom does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from worker.catalogue import Language
from worker.catalogue.saying import Saying
from worker.errors import Invalid
from worker.recurrence import parse_offset

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
SEES, SEES_NOT = Saying(Language.VI, VIETNAM), Saying(Language.VI, VIETNAM, sees_people=False)


def test_who_sees_no_people_gets_masked_numbers_first_words_and_no_year_of_birth() -> None:
    told = [(say.phone("+84901234567"), say.phone("+6620123456"), say.key("+84901234567"), say.key("NV-17"),
             say.content("Ma xac nhan: 123456"), say.birth(date(1990, 8, 15))) for say in (SEES, SEES_NOT)]  # fmt: skip
    assert told[0] == (
        "0901 234 567", "+6620123456", "+84901234567", "NV-17", "Ma xac nhan: 123456", "15/08/1990"
    )  # fmt: skip
    assert told[1] == ("0901***567", "+662***456", "+849***567", "NV-17", "Ma xac nhan: …", "15/08")


def test_a_moment_to_the_minute_is_of_the_zone() -> None:
    assert SEES.minute(datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)) == "08:02 26/11/2026"


def test_a_problem_is_a_sentence_without_the_fields_name() -> None:
    assert SEES.problem(Invalid("content", "is empty", "write it")) == "Is empty: write it"


@pytest.mark.parametrize("told", ["1d", "2h", "30m", "1h30m", "1d2h", "1d 18:00", "0m"])
@pytest.mark.parametrize("language", list(Language))
def test_how_long_before_is_said_as_people_write_it_and_read_again_as_it_was(told: str, language: Language) -> None:
    said = Saying(language, VIETNAM).offsets([told])
    assert parse_offset(said) == parse_offset(told)
    assert said == {"1d": {"vi": "1 ngày", "en": "1 day"}[language]}.get(told, said)
