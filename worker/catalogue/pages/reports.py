"""Words of *Reports*; those of the report itself are in `catalogue.page`."""

from __future__ import annotations

from worker.catalogue.pages.find import WORDS as FIND
from worker.catalogue.text import Text

SHARED = (
    "by_since", "by_until", "by_campaign", "by_source", "by_lane", "by_purpose",
    "wrong_since", "wrong_until", "wrong_lane", "wrong_purpose",
)  # fmt: skip
WORDS: dict[str, Text] = {
    **{name: FIND[name] for name in SHARED},
    "title": Text("Reports", "Báo cáo"),
    "show": Text("Show", "Xem"),
    "all": Text("The last 30 days of all", "30 ngày gần nhất của tất cả"),
    "prices": Text("Prices", "Bảng giá"),
    "downloads": Text("Download", "Tải về"),
    "downloads_says": Text(
        "With the filters above, as many lines as there are: for a spreadsheet, or a page to print and to send.",
        "Theo bộ lọc ở trên, đủ mọi dòng: để mở bằng bảng tính, hoặc một trang để in và gửi đi.",
    ),
    "masked": Text("Numbers are masked for you.", "Số điện thoại được che bớt đối với bạn."),
    "report": Text("Report", "Báo cáo"),
    "files": Text("Files", "Tệp"),
    "kind_daily": Text("By day", "Theo ngày"),
    "kind_campaigns": Text("By campaign", "Theo chiến dịch"),
    "kind_networks": Text("By network", "Theo nhà mạng"),
    "kind_latency": Text("How long it took", "Thời gian gửi"),
    "kind_costs": Text("Costs", "Chi phí"),
    "kind_reminders": Text("Reminders", "Nhắc hẹn"),
    "kind_refused": Text("Refused requests", "Yêu cầu bị từ chối"),
    "kind_messages": Text("Every message", "Từng tin"),
    "kind_failures": Text("Whom it did not reach, and why", "Ai không nhận được, và vì sao"),
    "kept_page": Text("This page, to keep", "Trang này, để lưu"),
    "unknown": Text("No message has this campaign or application", "Không có tin nào của chiến dịch hay ứng dụng này"),
    "unknown_next": Text("Check its spelling.", "Hãy kiểm tra lại cách viết."),
}
