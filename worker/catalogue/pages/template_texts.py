"""Words of *Templates*."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Templates", "Mẫu tin"),
    "new": Text("New template", "Mẫu mới"),
    "name": Text("Name", "Tên mẫu"),
    "name_hint": Text("By which rules and events call it: birthday.", "Quy tắc gọi mẫu bằng tên này: sinh-nhat."),
    "text": Text("Text", "Nội dung"),
    "version": Text("Version", "Phiên bản"),
    "saved": Text("Saved", "Lưu lúc"),
    "none": Text("No template yet", "Chưa có mẫu tin nào"),
    "none_says": Text(
        "A template is the text of a reminder, with the name of each person in it.",
        "Mẫu tin là nội dung lời nhắc, tự điền tên từng người.",
    ),
    "remind": Text("A rule that sends it", "Tạo quy tắc nhắc hẹn"),
    "version_of": Text("version {number}, {at}", "phiên bản {number}, {at}"),
    "kind": Text("It is for", "Dùng cho"),
    "content": Text("Text of the SMS", "Nội dung SMS"),
    "content_hint": Text("{{name}} stands for the name of each person.", "{{name}} được thay bằng tên từng người."),
    "diacritics": Text("Accents", "Dấu tiếng Việt"),
    "diacritics_strip": Text("taken out: Nguyễn becomes Nguyen", "bỏ dấu: Nguyễn thành Nguyen"),
    "diacritics_keep": Text("kept", "giữ nguyên"),
    "diacritics_hint": Text(
        "With accents an SMS holds 70 characters, and takes kind 3.",
        "Có dấu, một SMS chỉ chứa 70 ký tự và phải dùng loại 3.",
    ),
    "for_call": Text("For a call", "Cho cuộc gọi"),
    "template_id": Text("Its template at eSMS", "Mã mẫu tại eSMS"),
    "template_id_hint": Text("As account.esms.vn shows it.", "Xem tại account.esms.vn."),
    "variables": Text("Its variables, left to right", "Các biến, từ trái sang phải"),
    "variables_hint": Text(
        "With commas between them: `{{name}}, {{date}}`", "Cách nhau bằng dấu phẩy: `{{name}}, {{date}}`"
    ),
    "save": Text("Save", "Lưu"),
    "look": Text("Show it for people of the contacts", "Xem thử với người trong danh bạ"),
    "which_variables": Text("What can stand in braces", "Các từ dùng trong ngoặc nhọn"),
    "variable_name": Text("the contact's name: Nguyễn Thị Lan", "họ tên: Nguyễn Thị Lan"),
    "variable_first_name": Text("the last word of it: Lan", "tên gọi: Lan"),
    "variable_phone": Text("the main number", "số điện thoại chính"),
    "variable_age": Text("the years reached that day", "tuổi tròn vào ngày đó"),
    "variable_date": Text("the day that it is about: 15/08/2027", "ngày của lời nhắc: 15/08/2027"),
    "variable_time": Text("the time of day: 14:30", "giờ: 14:30"),
    "variable_title": Text("an event's title", "tên sự kiện"),
    "variable_place": Text("where an event is", "địa điểm sự kiện"),
    "variable_attr": Text(
        "an attribute of your own, like {{attr.room}}", "thông tin riêng của bạn, như {{attr.phong}}"
    ),
    "purpose": Text("What it would be sent for (it is not kept)", "Sẽ gửi với mục đích (không lưu lại)"),
    "preview": Text("How it reads", "Xem trước"),
    "preview_none": Text(
        "Write a text; people of the contacts show here.", "Soạn nội dung để xem tin của từng người trong danh bạ."
    ),
    "size": Text("{segments} SMS · {characters} characters", "{segments} SMS · {characters} ký tự"),
    "forcing": Text("{signs} make it Unicode", "{signs} khiến tin thành Unicode"),
    "versions": Text("Versions", "Các phiên bản"),
    "versions_says": Text(
        "What went out keeps the version that it was made of.", "Tin đã gửi vẫn giữ nội dung của phiên bản khi đó."
    ),
    "restore": Text("Take this one again", "Dùng lại bản này"),
    "holds": Text("holds now", "đang dùng"),
    "remove": Text("Take it away", "Xóa mẫu"),
    "remove_says": Text(
        "Refused where a rule or an event needs it.", "Không xóa được khi quy tắc hay sự kiện còn dùng."
    ),
}
