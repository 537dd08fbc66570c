"""Words of *Contacts*, and of bringing a file of them in."""

from __future__ import annotations

from worker.catalogue.pages.files import FILES
from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    **FILES,
    "consents": Text("What they agreed to, or took back", "Đã đồng ý hoặc rút lại"),
    "no_consents": Text("Nothing is written down about their numbers.", "Chưa ghi nhận gì về các số này."),
    "said": Text("Said", "Nội dung"),
    "said_given": Text("agreed", "đồng ý"),
    "said_withdrawn": Text("took it back", "rút lại"),
    "about": Text("For", "Về"),
    "how": Text("How", "Cách thức"),
    "wording": Text("Wording", "Lời đã hiển thị"),
    "proof": Text("Proof", "Bằng chứng"),
    "title": Text("Contacts", "Danh bạ"),
    "new": Text("Add somebody", "Thêm người"),
    "import": Text("Bring in a file", "Nhập từ tệp"),
    "wanted": Text("Find somebody", "Tìm người"),
    "wanted_hint": Text("A number, a key, or words of a name.", "Số điện thoại, mã, hoặc tên."),
    "find": Text("Find", "Tìm"),
    "all": Text("Everybody", "Tất cả"),
    "only_opted_out": Text("Only who opted out", "Chỉ người đã từ chối nhận tin"),
    "name": Text("Name", "Họ tên"),
    "nameless": Text("without a name", "không có tên"),
    "phone": Text("Number", "Số điện thoại"),
    "birth_date": Text("Born", "Ngày sinh"),
    "lunar_birth": Text("Birthday by the lunar calendar", "Sinh nhật âm lịch"),
    "lunar_death": Text("Day of death by the lunar calendar", "Ngày giỗ"),
    "tags": Text("Tags", "Nhãn"),
    "key": Text("Key", "Mã"),
    "opted_out": Text("opted out", "đã từ chối"),
    "none": Text("Nobody yet", "Danh bạ còn trống"),
    "none_says": Text(
        "Bring in a list of people: names, numbers, birthdays. Rules then remind them.",
        "Nhập danh sách: họ tên, số điện thoại, ngày sinh. Quy tắc sẽ nhắc từng người.",
    ),
    "none_found": Text("Nobody is called so", "Không tìm thấy ai"),
    "none_found_says": Text(
        "Try part of the name, or the number in another spelling.", "Thử một phần tên, hoặc cách viết khác của số."
    ),
    "from_start": Text("From the start", "Từ đầu"),
    "following": Text("The next ones", "Tiếp theo"),
    # One person...
    "facts": Text("What is known", "Thông tin"),
    "added": Text("Added", "Thêm lúc"),
    "opted_out_at": Text("Opted out", "Từ chối lúc"),
    "opt_out": Text("They opt out", "Ghi nhận từ chối"),
    "opt_out_says": Text(
        "No reminder and no advertising any more, on none of their numbers.",
        "Không nhận nhắc hẹn và quảng cáo nữa, trên mọi số của người này.",
    ),
    "opt_in": Text("They want them again", "Nhận lại"),
    "opt_in_says": Text(
        "Only if they said so. What was called off stays so.", "Chỉ khi chính họ yêu cầu. Tin đã hủy không gửi lại."
    ),
    "remove": Text("Take out of the contacts", "Xóa khỏi danh bạ"),
    "remove_says": Text(
        "Nobody reminds them any more. What was sent stays on record, and so does an opt-out.",
        "Không còn được nhắc. Tin đã gửi và việc từ chối vẫn lưu trong hồ sơ.",
    ),
    "forget": Text("Forget this person …", "Xóa mọi dữ liệu của người này …"),
    "forget_says": Text(
        "When they ask for it. You see first what goes and what stays.",
        "Khi chính họ yêu cầu. Bạn xem trước những gì bị xóa và những gì còn lại.",
    ),
    "forget_title": Text("Forget {name}?", "Xóa mọi dữ liệu của {name}?"),
    "forgotten_title": Text("Forgotten", "Đã xóa"),
    "forget_warning": Text(
        "For good: nobody can undo it. It is about all applications, not only about the contacts.",
        "Xóa vĩnh viễn, không ai khôi phục được. Áp dụng cho mọi ứng dụng, không chỉ danh bạ.",
    ),
    "forget_now": Text("Goes at once", "Xóa ngay"),
    "forget_later": Text("Goes by itself, later", "Tự xóa sau"),
    "forget_stays": Text("Stays, and why", "Còn lại, và lý do"),
    "forget_cancelled": Text("{count} waiting messages are cancelled.", "Hủy {count} tin đang chờ."),
    "forget_waiting": Text(
        "{count} messages: number, text and raw replies of each, once it has been over for a day.",
        "{count} tin: số, nội dung và phản hồi gốc của mỗi tin, khi tin đã kết thúc một ngày.",
    ),
    "forget_nothing": Text("Nothing.", "Không có gì."),
    "forget_shared": Text(
        "{count} of their numbers belong to another contact, too, and stay with that one.",
        "{count} số cũng thuộc về người khác trong danh bạ nên vẫn giữ theo người đó.",
    ),
    "forget_opt_out_too": Text(
        "Also that they opted out: they may be written to again then.",
        "Xóa cả việc từ chối nhận tin: sau đó họ có thể lại nhận tin.",
    ),
    "forget_do": Text("Forget them for good", "Xóa vĩnh viễn"),
    "forget_not": Text("No, go back", "Không, quay lại"),
    "forget_kept": Text(
        "It stands under *Rules*, with what still waits.", "Mục Quy định cho biết yêu cầu này và phần còn chờ."
    ),
    "today": Text("Reminders today", "Nhắc hẹn hôm nay"),
    "got": Text("got it", "đã nhận"),
    "got_not": Text("did not", "không nhận"),
    "got_unknown": Text("not known", "chưa rõ"),
    "no_rules": Text("There is no rule and no event.", "Chưa có quy tắc hay sự kiện nào."),
    "history": Text("What they got", "Tin đã gửi"),
    "when": Text("When", "Thời gian"),
    "status": Text("State", "Tình trạng"),
    "campaign": Text("Campaign", "Chiến dịch"),
    "why": Text("Why", "Lý do"),
    "no_messages": Text("Nothing yet.", "Chưa có tin nào."),
    "no_number": Text("No number is known.", "Chưa có số điện thoại."),
    # By hand...
    "phones": Text("Numbers", "Số điện thoại"),
    "phones_hint": Text("The main one first, commas between them.", "Số chính trước, cách nhau bằng dấu phẩy."),
    "tags_hint": Text("With commas between them.", "Cách nhau bằng dấu phẩy."),
    "key_hint": Text(
        "By which you know them: a number of staff, say. Empty: their phone number.",
        "Mã bạn dùng để nhận biết, như mã nhân viên. Để trống: dùng số điện thoại.",
    ),
    "save": Text("Save", "Lưu"),
    # A file...
    "file_label": Text("A list of people, one row each", "Danh sách, mỗi người một dòng"),
    "file_hint": Text(
        "Excel (.xlsx) or CSV in UTF-8, at most 10 MB and 100,000 rows. The first row names the columns.",
        "Excel (.xlsx) hoặc CSV mã UTF-8, tối đa 10 MB và 100.000 dòng. Dòng đầu là tên các cột.",
    ),
    "upload": Text("Upload", "Tải lên"),
    "file_says": Text(
        "You see which column is what, and what it comes to, before anything is stored.",
        "Bạn xem lại từng cột và kết quả trước khi lưu.",
    ),
    "use_birth_date": Text("day of birth", "ngày sinh"),
    "use_lunar_birth": Text("birthday by the lunar calendar", "sinh nhật âm lịch"),
    "use_death_date": Text("day of death", "ngày mất"),
    "use_lunar_death": Text("day of death by the lunar calendar", "ngày giỗ âm lịch"),
    "use_tags": Text("tags", "nhãn"),
    "use_opted_out": Text("opted out (yes or no)", "từ chối nhận tin (có/không)"),
    "use_attr": Text("an attribute of its own name", "thông tin riêng theo tên cột"),
    "tags_all": Text("Tags for everybody in it", "Nhãn cho mọi người trong tệp"),
    "source": Text("Whose keys these are", "Nguồn của các mã"),
    "source_hint": Text(
        "The same key from the same source is the same person.", "Cùng nguồn, cùng mã là cùng một người."
    ),
    "check": Text("Go on: check", "Tiếp tục: kiểm tra"),
    "outcome_checking": Text("Being checked", "Đang kiểm tra"),
    "outcome_checked": Text("What it comes to", "Kết quả kiểm tra"),
    "outcome_running": Text("Being brought in", "Đang nhập"),
    "outcome_stopped": Text("It stopped", "Đã dừng"),
    "outcome_done": Text("They are in", "Đã nhập xong"),
    "at_work": Text("This page looks again by itself.", "Trang tự cập nhật."),
    "look_again": Text("Look again", "Xem lại"),
    "count_added": Text("New", "Thêm mới"),
    "count_updated": Text("Changed", "Cập nhật"),
    "count_unchanged": Text("As before", "Không đổi"),
    "count_left_out": Text("Cells left out", "Ô bỏ qua"),
    "left_out_says": Text("Their people come in without them.", "Người đó vẫn được nhập, trừ ô này."),
    "run": Text("Bring them in", "Nhập vào danh bạ"),
    "run_says": Text("All of them, or none.", "Nhập tất cả hoặc không gì cả."),
    "change_columns": Text("Change the columns", "Sửa lại các cột"),
    "rule_next": Text("Write a rule that reminds them", "Tạo quy tắc nhắc hẹn"),
}
