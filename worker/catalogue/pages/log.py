"""Words of *Log*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Log", "Nhật ký"),
    "intro": Text(
        "What people did, by this page, the command line and HTTP. Nobody can change or delete a row.",
        "Những việc mọi người đã làm qua trang này, dòng lệnh và HTTP. Không ai sửa hay xóa được dòng nào.",
    ),
    "at": Text("When", "Lúc"),
    "who": Text("Who", "Ai"),
    "what": Text("What", "Việc"),
    "from_where": Text("From where", "Từ đâu"),
    "how_many": Text("How many", "Số lượng"),
    "of_what": Text("Of what", "Đối tượng"),
    "anything": Text("anything", "mọi việc"),
    "show": Text("Show", "Xem"),
    "nothing_title": Text("Nothing yet", "Chưa có gì"),
    "nothing": Text(
        "As soon as somebody cancels, retries, pauses or signs in, it stands here.",
        "Ngay khi có người hủy, gửi lại, tạm dừng hoặc đăng nhập, việc đó sẽ hiện ở đây.",
    ),
}
