"""Words of every page: navigation, forms, states, errors."""

from __future__ import annotations

from worker.catalogue.names import ROLES
from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "product": Text("Messages", "Tin nhắn"),
    "skip": Text("Skip to the content", "Chuyển đến nội dung"),
    "navigation": Text("Rooms", "Mục lục"),
    "nav_tabs": Text("Main rooms", "Các mục chính"),
    "nav_more": Text("More", "Mục khác"),
    "nav_now": Text("Now", "Hiện tại"),
    "nav_find": Text("Find", "Tìm tin"),
    "nav_held": Text("Held", "Chờ quyết định"),
    "nav_refused": Text("Refused", "Bị từ chối"),
    "nav_campaigns": Text("Campaigns", "Chiến dịch"),
    "nav_reminders": Text("Reminders", "Nhắc hẹn"),
    "nav_templates": Text("Templates", "Mẫu tin"),
    "nav_contacts": Text("Contacts", "Danh bạ"),
    "nav_reports": Text("Reports", "Báo cáo"),
    "nav_law": Text("Rules", "Quy định"),
    "nav_log": Text("Log", "Nhật ký"),
    "nav_users": Text("Users", "Người dùng"),
    **{f"role_{role}": text for role, text in ROLES.items()},
    "password_change": Text("Password", "Mật khẩu"),
    "sign_out": Text("Sign out", "Đăng xuất"),
    "sign_in": Text("Sign in", "Đăng nhập"),
    "other_language": Text("Tiếng Việt", "English"),
    "newer": Text("Newer", "Mới hơn"),
    "older": Text("Older", "Cũ hơn"),
    "pages": Text("Pages", "Các trang"),
    "of": Text("{part} of {whole}", "{part} trên {whole}"),
    "required": Text("required", "bắt buộc"),
    "error_summary": Text("Something has to be fixed", "Có mục cần sửa"),
    "any": Text("any", "tất cả"),
    "yes": Text("yes", "có"),
    "no": Text("no", "không"),
    "back": Text("Back", "Quay lại"),
    "cancel": Text("Cancel", "Bỏ qua"),
    "error_not-found": Text("There is no such page", "Không tìm thấy trang này"),
    "error_forbidden": Text("You may not do this", "Bạn không có quyền làm việc này"),
    "error_unavailable": Text("Not just now", "Tạm thời chưa phục vụ được"),
    "error_invalid": Text("Something has to be fixed", "Có mục cần sửa"),
    "unanswered": Text(
        "The server or its database does not answer. This page goes on by itself once it does; what it shows is of",
        "Máy chủ hoặc cơ sở dữ liệu chưa trả lời. Trang sẽ tự cập nhật khi có trả lời; số liệu đang xem là của lúc",
    ),
    "no_writes": Text(
        "Nothing is sent and nothing can be changed just now: the database takes no writes, as a replica does. All can "
        "be read. Tell whoever runs this server: `esms-worker doctor` says what to do.",
        "Lúc này không gửi và không sửa được gì: cơ sở dữ liệu không cho ghi, như một bản sao. Vẫn xem được mọi thứ. "
        "Hãy báo người quản trị máy chủ: `esms-worker doctor` cho biết cách xử lý.",
    ),
    "no_room": Text(
        "Nothing is sent just now: the database's disk is full. What was handed over is kept, and goes out by itself "
        "once there is room. Tell whoever runs this server.",
        "Lúc này không gửi được gì: ổ đĩa của cơ sở dữ liệu đã đầy. Tin đã nhận vẫn được giữ và tự gửi khi có chỗ "
        "trống. Hãy báo cho người quản trị máy chủ.",
    ),
    "error_bug": Text("A fault of ours", "Lỗi của hệ thống"),
    "error_bug_next": Text(
        "It is in the server's log. Nothing was done halfway: try again, or tell whoever runs this.",
        "Lỗi đã được ghi trong nhật ký máy chủ. Không có việc nào dở dang: hãy thử lại, hoặc báo cho người quản trị.",
    ),
    "error_not-found_next": Text(
        "It may have been typed wrong, or be for somebody else.", "Có thể địa chỉ bị gõ sai, hoặc mục này không còn."
    ),
    "error_unavailable_next": Text(
        "It could not be done just now. Nothing is lost: try again in a minute.",
        "Lúc này chưa thực hiện được. Không có gì bị mất: hãy thử lại sau một phút.",
    ),
    "error_lacks_answer": Text(
        "The database does not answer. Nothing is lost: try again in a minute; if it stays so, tell whoever runs this.",
        "Cơ sở dữ liệu chưa trả lời. Không có gì bị mất: hãy thử lại sau một phút; nếu vẫn vậy, hãy báo cho người quản "
        "trị máy chủ.",
    ),
    "error_lacks_login": Text(
        "The database does not let this server in, or is not there. Tell whoever runs it: user, password and database "
        "stand in `DATABASE_URL`.",
        "Cơ sở dữ liệu không cho máy chủ này vào, hoặc không tồn tại. Hãy báo cho người quản trị máy chủ: tài khoản, "
        "mật khẩu và tên cơ sở dữ liệu nằm trong `DATABASE_URL`.",
    ),
    "error_lacks_schema": Text(
        "The database is not at this version. Tell whoever runs this server: `esms-worker migrate` brings it there.",
        "Cơ sở dữ liệu chưa đúng phiên bản này. Hãy báo người quản trị máy chủ chạy `esms-worker migrate`.",
    ),
    "error_lacks_writes": Text(
        "The database takes no writes just now, as a replica does. Tell whoever runs this server: `esms-worker doctor` "
        "says what to do.",
        "Cơ sở dữ liệu hiện không cho ghi, như một bản sao. Hãy báo người quản trị máy chủ: `esms-worker doctor` cho "
        "biết cách xử lý.",
    ),
    "error_lacks_room": Text(
        "The database has no room left: disk, memory or connections. Tell whoever runs this server.",
        "Cơ sở dữ liệu đã hết chỗ: ổ đĩa, bộ nhớ hoặc số kết nối. Hãy báo cho người quản trị máy chủ.",
    ),
    "error_lacks_turn": Text(
        "Others were at work on the same just now, and nothing was done. Try again.",
        "Đang có thao tác khác trên cùng dữ liệu, nên chưa làm gì cả. Hãy thử lại.",
    ),
    "try_again": Text("Try again", "Thử lại"),
    "to_now": Text("To the first page", "Về trang đầu"),
    # Of what is sent again, the rest.
    "left_late": Text("stay: their day has passed", "để lại: đã qua ngày"),
    "left_limit": Text("stay: sent again often enough", "để lại: đã gửi lại đủ số lần"),
    "left_toofew": Text("stay: too few for advertising", "để lại: quá ít tin cho quảng cáo"),
    "left_unfit": Text("stay: can't be sent so", "để lại: không gửi được như vậy"),
    "left_forgotten": Text("stay: asked to be forgotten", "để lại: đã yêu cầu xóa dữ liệu"),
    "left_emptied": Text("stay: text or number kept no longer", "để lại: nội dung hoặc số không còn được giữ"),
    "left_hasgotit": Text("stay: the one before it arrived", "để lại: tin trước đó đã đến nơi"),
    "left_optedout": Text("stay: opted out", "để lại: đã từ chối nhận tin"),
    "rest_waits": Text("Of the rest {count} failed and wait.", "Phần còn lại có {count} tin không thành đang chờ."),
    "rest_none": Text("Of the rest nothing waits any more.", "Phần còn lại không còn tin nào chờ."),
    "rest_unknown": Text(
        "Who of these stays as they are is told where they are chosen to be sent again.",
        "Muốn biết tin nào để nguyên, hãy tìm các tin này và chọn gửi lại để xem trước.",
    ),
    "rest_stays": Text("Of these {count} stay as they are.", "Trong số đó {count} tin để nguyên."),
}
