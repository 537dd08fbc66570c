"""Words of signing in, passwords and links."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "sign_in_title": Text("Sign in", "Đăng nhập"),
    "name": Text("Name", "Tên đăng nhập"),
    "password": Text("Password", "Mật khẩu"),
    "wrong": Text("Name or password is wrong.", "Tên đăng nhập hoặc mật khẩu không đúng."),
    "locked": Text(
        "Too many wrong passwords. Wait 15 minutes; whoever runs the server can give a new one at once: "
        "`esms-worker users password NAME`.",
        "Nhập sai quá nhiều lần. Hãy đợi 15 phút; người quản trị máy chủ có thể cấp mật khẩu mới ngay bằng "
        "`esms-worker users password TÊN`.",
    ),
    "no_account": Text(
        "No account yet? Whoever runs the server makes one: `esms-worker users add NAME --role viewer`.",
        "Chưa có tài khoản? Người quản trị máy chủ tạo bằng `esms-worker users add TÊN --role viewer`.",
    ),
    "enter_title": Text("Sign in by link", "Đăng nhập bằng liên kết"),
    "enter_says": Text(
        "This link signs you in once, within an hour of being made.",
        "Liên kết này chỉ dùng được một lần, trong vòng một giờ từ lúc được tạo.",
    ),
    "enter_used": Text(
        "This link was used, or is too old. Sign in by a password, or start `esms-worker up` again for a new link.",
        "Liên kết này đã được dùng hoặc đã hết hạn. Hãy đăng nhập bằng mật khẩu, hoặc chạy lại `esms-worker up` "
        "để có liên kết mới.",
    ),
    "password_title": Text("Change the password", "Đổi mật khẩu"),
    "password_first": Text("Choose a password", "Đặt mật khẩu"),
    "password_old": Text("Password until now", "Mật khẩu hiện tại"),
    "password_new": Text("New password", "Mật khẩu mới"),
    "password_rule": Text(
        "10 characters or more, without your name. A few words that you remember are good.",
        "Từ 10 ký tự trở lên, không chứa tên của bạn. Vài từ dễ nhớ ghép lại là tốt.",
    ),
    "password_again": Text("The new one again", "Nhập lại mật khẩu mới"),
    "password_differs": Text("The two are not the same.", "Hai lần nhập không giống nhau."),
    "password_refused": Text(
        "It takes 10 to 200 characters, without your name.", "Mật khẩu cần từ 10 đến 200 ký tự, không chứa tên của bạn."
    ),
    "password_wrong": Text("This is not your password.", "Đây không phải mật khẩu của bạn."),
    "password_save": Text("Save", "Lưu"),
    "password_says": Text(
        "Whoever is signed in as you elsewhere is signed out.", "Những nơi khác đang đăng nhập tên bạn sẽ bị đăng xuất."
    ),
    "password_saved": Text("The new password is saved.", "Đã lưu mật khẩu mới."),
}
