"""Words of *Users*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Users", "Người dùng"),
    "intro": Text(
        "Who may sign in here, and what they may do. Each change is a row in the log.",
        "Ai được đăng nhập và được làm gì. Mỗi thay đổi được ghi vào nhật ký.",
    ),
    "name": Text("Name", "Tên đăng nhập"),
    "role": Text("Role", "Vai trò"),
    "role_viewer_says": Text("looks, people masked", "xem, số và nội dung được che"),
    "role_operator_says": Text("sees people, acts on messages", "xem đầy đủ, thao tác trên tin"),
    "role_admin_says": Text("users and the log, too", "thêm người dùng và nhật ký"),
    "state": Text("State", "Tình trạng"),
    "open": Text("let in", "đang mở"),
    "locked": Text("locked", "đã khóa"),
    "sessions": Text("Signed in", "Số phiên đang mở"),
    "seen": Text("Last seen", "Lần cuối"),
    "since": Text("Made", "Ngày tạo"),
    "add": Text("Let somebody in", "Thêm người dùng"),
    "add_says": Text(
        "A password is made and shown once; they change it under Password.",
        "Mật khẩu được tạo và hiện một lần; người dùng tự đổi ở mục Mật khẩu.",
    ),
    "add_button": Text("Add", "Thêm"),
    "facts": Text("Facts", "Thông tin"),
    "acts": Text("What they did", "Những việc đã làm"),
    "change": Text("Change", "Thay đổi"),
    "role_button": Text("Give this role", "Đổi vai trò"),
    "password": Text("New password", "Đặt lại mật khẩu"),
    "password_says": Text(
        "One is made and shown once; wrong ones before count no more; they are signed out.",
        "Mật khẩu mới được tạo và hiện một lần; các lần nhập sai trước không tính nữa; mọi phiên bị đăng xuất.",
    ),
    "sign_out_all": Text("End sessions", "Kết thúc các phiên"),
    "sign_out_all_says": Text(
        "They are signed out everywhere, and may sign in again.", "Đăng xuất ở mọi nơi; vẫn đăng nhập lại được."
    ),
    "lock": Text("Lock", "Khóa"),
    "lock_says": Text(
        "Out at once and let in no more; what they did keeps their name.",
        "Đăng xuất ngay và không vào được nữa; việc đã làm vẫn ghi tên.",
    ),
    "unlock": Text("Unlock", "Mở khóa"),
    "unlock_says": Text("May sign in again, with the same role.", "Đăng nhập lại được, vai trò như cũ."),
    "made": Text("The password of {name}", "Mật khẩu của {name}"),
    "made_says": Text(
        "It is shown this once: hand it over now. Only its hash is kept.",
        "Chỉ hiện một lần: hãy chuyển ngay cho người dùng. Hệ thống chỉ lưu mã băm.",
    ),
    "done_role": Text("The role holds from now on.", "Vai trò mới có hiệu lực ngay."),
    "done_lock": Text("Locked.", "Đã khóa."),
    "done_unlock": Text("Unlocked.", "Đã mở khóa."),
    "done_sign-out": Text("All sessions have ended.", "Đã kết thúc mọi phiên."),
}
