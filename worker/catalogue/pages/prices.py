"""Words of *Prices*, a page of *Reports*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Prices", "Bảng giá"),
    "says": Text(
        "What one SMS or call costs where eSMS does not tell; what it tells counts before. Costs in reports follow, "
        "those of the past as well.",
        "Giá một SMS hoặc cuộc gọi khi eSMS không báo; giá eSMS báo luôn được ưu tiên. Chi phí trong báo cáo tính theo "
        "bảng này, cả với tin đã gửi.",
    ),
    "list": Text("Price list", "Các mức giá"),
    "kind": Text("Kind", "Loại"),
    "call": Text("call", "cuộc gọi"),
    "network": Text("Network", "Nhà mạng"),
    "any_other": Text("any other", "các mạng còn lại"),
    "network_hint": Text(
        "As eSMS names it: viettel. Empty: all others.", "Như eSMS ghi: viettel. Để trống: các mạng còn lại."
    ),
    "since": Text("From, until", "Từ, đến"),
    "from_day": Text("From day", "Từ ngày"),
    "dong": Text("đồng", "đồng"),
    "price_field": Text("Price in đồng", "Giá (đồng)"),
    "state": Text("State", "Tình trạng"),
    "holds": Text("holds now", "đang áp dụng"),
    "to_come": Text("to come", "sắp áp dụng"),
    "over": Text("over", "đã hết"),
    "remove": Text("Take away", "Xóa"),
    "none": Text("No prices yet", "Chưa có mức giá nào"),
    "none_says": Text(
        "Without them nobody knows what it cost where eSMS does not tell.",
        "Chưa có bảng giá thì không biết chi phí của những tin mà eSMS không báo giá.",
    ),
    "new": Text("A new price", "Thêm giá mới"),
    "new_says": Text(
        "It holds from its day until the next one of its kind and network. The same kind, network and day again "
        "changes it. A whole file: `esms-worker prices import FILE`.",
        "Áp dụng từ ngày này đến khi có giá mới cùng loại, cùng mạng. Nhập lại cùng loại, mạng, ngày thì thay giá cũ. "
        "Nhập cả tệp: `esms-worker prices import FILE`.",
    ),
    "save": Text("Save", "Lưu"),
}
