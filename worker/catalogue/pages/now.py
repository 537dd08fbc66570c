"""Words of *Now*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Now", "Hiện tại"),
    "held": Text("Held: a person decides", "Chờ người quyết định"),
    "beat": Text("Last tick", "Nhịp gần nhất"),
    "beat_ago": Text("{span} ago", "{span} trước"),
    "beat_never": Text("never: start beat", "chưa có: hãy khởi động beat"),
    "paused": Text("Held back", "Đang tạm dừng"),
    "nothing_paused": Text("Nothing is held back.", "Không có gì đang tạm dừng."),
    "what": Text("What", "Đối tượng"),
    "why": Text("Why", "Lý do"),
    "since": Text("Since", "Từ lúc"),
    "lane": Text("lane {name}", "làn {name}"),
    "campaign": Text("campaign {name}", "chiến dịch {name}"),
}
