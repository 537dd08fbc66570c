"""Why what waits waits, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from shlex import quote

from worker.catalogue.reasons import in_language
from worker.catalogue.text import Language, Text

CAMPAIGN = Text("campaign {campaign} is paused: {reason}", "chiến dịch {campaign} đang tạm dừng: {reason}")
DATE = Text("its date", "chờ đến ngày giờ gửi")
LANE = Text("lane {lane} is paused: {reason}", "làn {lane} đang tạm dừng: {reason}")
TRIED = Text("tried again after: {reason}", "sẽ thử lại sau khi: {reason}")
A_TRY = "a try that failed"  # known to the reasons
RESTORED = Text(
    "this database was restored from a backup: a person lets it go on, see `esms-worker doctor`",
    "cơ sở dữ liệu này được khôi phục từ bản sao lưu: chờ người cho gửi tiếp, xem `esms-worker doctor`",
)
NOBODY_EVER = Text(
    "no beat that a worker heard ever: see `esms-worker doctor`",
    "chưa bao giờ thấy bộ hẹn giờ (beat) và worker hoạt động: xem `esms-worker doctor`",
)
NOBODY = Text(
    "no beat that a worker heard for {seconds} s: see `esms-worker doctor`",
    "đã {seconds} giây không thấy bộ hẹn giờ (beat) và worker hoạt động: xem `esms-worker doctor`",
)
BUDGET = Text(
    "source {source} has used up its budget of today: see `esms-worker producers list`",
    "nguồn {source} đã dùng hết hạn mức trong ngày: xem `esms-worker producers list`",
)
LIMITED = Text(
    "its turn: source {source} goes as fast, and as far, as its limits allow",
    "chờ đến lượt: nguồn {source} chạy nhanh và nhiều hết mức giới hạn cho phép",
)
RULE = Text("{reason}", "{reason}")  # a sending rule, by its name
TURN = Text(
    "its turn: lane {lane} goes as fast as its rate allows",
    "chờ đến lượt: làn {lane} chạy nhanh hết mức tốc độ cho phép",
)
DOUBT = Text("eSMS may have taken it: it is asked for again", "có thể eSMS đã nhận: sẽ hỏi lại")
TAKEN = Text("eSMS took it: what became of it is asked again", "eSMS đã nhận: sẽ hỏi tiếp kết quả")
PERSON = Text(
    "a person decides: under Held on the page, or see `esms-worker held list`",
    "chờ một người quyết định: ở mục Chờ quyết định trên trang, hoặc xem `esms-worker held list`",
)

_DOCTOR = Text("Do what `esms-worker doctor` says.", "Làm theo những gì `esms-worker doctor` chỉ ra.")
# What a person has to do about some of these: the worker does not go on by itself.
TO_DO = {
    CAMPAIGN: Text(
        "Let it go on once its cause is fixed: on its page, or by `esms-worker resume --campaign {campaign}`.",
        "Khi nguyên nhân đã hết, cho chạy tiếp: trên trang chiến dịch, hoặc bằng "
        "`esms-worker resume --campaign {campaign}`.",
    ),
    LANE: Text(
        "Let it go on once its cause is fixed: by `esms-worker resume {lane}`.",
        "Khi nguyên nhân đã hết, cho chạy tiếp bằng `esms-worker resume {lane}`.",
    ),
    RESTORED: _DOCTOR,
    NOBODY_EVER: _DOCTOR,
    NOBODY: _DOCTOR,
    BUDGET: Text(
        "Wait until tomorrow, or raise it: `esms-worker producers limit {source} --budget-messages N`.",
        "Chờ đến ngày mai, hoặc nâng hạn mức: `esms-worker producers limit {source} --budget-messages N`.",
    ),
}


@dataclass(frozen=True, slots=True)
class Why:
    """One of these, with what stands in its gaps. until: when that is looked at again, or over (UTC)."""

    text: Text
    values: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None

    def say(self, language: Language) -> str:
        """In this language; a stored reason within it too."""
        told = {
            name: in_language(value, language) if name == "reason" else value for name, value in self.values.items()
        }
        return self.text.say(language, **told)

    def to_do(self, language: Language) -> str | None:
        """What a person has to do about it; None: nothing. A lane that is probed goes on by itself. A name in a command
        is as a shell wants it: whoever chose it may have meant it to be run.
        """
        if self.text not in TO_DO or (self.text is LANE and self.until is not None):
            return None
        return TO_DO[self.text].say(language, **{name: quote(value) for name, value in self.values.items()})
