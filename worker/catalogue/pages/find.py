"""Words of *Find*: searches, and what is done with all that they find."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {
    "title": Text("Find", "Tìm tin"),
    "q": Text("What do you know of it?", "Bạn biết gì về tin này?"),
    "q_hint": Text(
        "A number, a person's name, a reference, a campaign, or the beginning of an id. Leave it empty to use the "
        "filters alone.",
        "Số điện thoại, tên người nhận, mã tham chiếu, tên chiến dịch, hoặc phần đầu của mã tin. Để trống nếu chỉ dùng "
        "bộ lọc.",
    ),
    "look": Text("Find", "Tìm"),
    "filters": Text("Filters", "Bộ lọc"),
    "without": Text("none", "không có"),
    "everything": Text("All messages", "Tất cả tin"),
    "by_status": Text("Status", "Trạng thái"),
    "not_reached": Text("all that failed", "mọi tin không thành"),
    "by_lane": Text("Lane", "Làn"),
    "by_purpose": Text("Purpose", "Mục đích"),
    "by_source": Text("Application", "Ứng dụng gửi"),
    "by_campaign": Text("Campaign", "Chiến dịch"),
    "by_network": Text("Network", "Nhà mạng"),
    "by_code": Text("Code of eSMS", "Mã của eSMS"),
    "by_since": Text("From day", "Từ ngày"),
    "by_until": Text("To day", "Đến ngày"),
    "by_phone": Text("Number", "Số điện thoại"),
    "by_notification": Text("Request", "Yêu cầu"),
    "number_gone": Text("number removed", "số đã được xóa"),
    "chosen": Text("{count} selected message(s)", "{count} tin đã chọn"),
    "wrong_since": Text(
        "The first day must be a day, not after the last one.", "Ngày đầu phải đúng và không sau ngày cuối."
    ),
    "wrong_until": Text("The last day must be a day.", "Ngày cuối phải là một ngày đúng."),
    "wrong_status": Text("There is no such status.", "Không có trạng thái này."),
    "wrong_lane": Text("There is no such lane.", "Không có làn này."),
    "wrong_purpose": Text("There is no such purpose.", "Không có mục đích này."),
    "may_mean": Text("It may be", "Có thể là"),
    "as_message": Text("message", "tin"),
    "as_notification": Text("request", "yêu cầu"),
    "as_reference": Text("reference", "mã tham chiếu"),
    "as_number": Text("number", "số điện thoại"),
    "as_campaign": Text("campaign", "chiến dịch"),
    "as_person": Text("person", "người nhận"),
    "results": Text("Messages", "Các tin"),
    "first_alone": Text(
        "These are the newest {count} alone: a search can't be kept just now, to show the next page of it.",
        "Chỉ hiện {count} tin mới nhất: lúc này không lưu được lần tìm kiếm để xem trang sau.",
    ),
    "latest": Text("Latest messages", "Các tin gần đây"),
    "about": Text("about {count} in all", "khoảng {count} tin"),
    "about_again": Text(
        "about {count} sends in all, {again} of them sent again since",
        "khoảng {count} lượt gửi, trong đó {again} lượt đã gửi lại",
    ),
    "choose": Text("Select", "Chọn"),
    "choose_one": Text("Select the message to {to}", "Chọn tin gửi {to}"),
    "to": Text("To", "Người nhận"),
    "status": Text("Status", "Trạng thái"),
    "why": Text("Why", "Lý do"),
    "when": Text("To go out", "Giờ gửi"),
    "origin": Text("From", "Nguồn"),
    "code": Text("code {code}", "mã {code}"),
    "none_yet": Text("No message yet", "Chưa có tin nào"),
    "none_yet_next": Text(
        "What applications hand over and what is sent here stands in this list.",
        "Tin do ứng dụng gửi sang hoặc gửi từ trang này sẽ hiện ở đây.",
    ),
    "new_campaign": Text("New campaign", "Chiến dịch mới"),
    "nothing": Text("No message fits", "Không có tin nào phù hợp"),
    "nothing_here": Text("None so far", "Chưa thấy tin nào"),
    "nothing_next": Text("Leave out a filter, or look for less of the name.", "Hãy bớt bộ lọc, hoặc gõ ngắn hơn."),
    "looked_at": Text(
        "{count} messages were compared, the newest first. “Older” looks further back.",
        "Đã so {count} tin, từ mới đến cũ. Bấm “Cũ hơn” để tìm tiếp.",
    ),
    "unknown": Text("Nobody and nothing here is known by that", "Không có ai hay tin nào khớp với nội dung này"),
    "unknown_next": Text(
        "Check its spelling. An id takes its first eight characters, a number all of its figures.",
        "Hãy kiểm tra lại cách viết. Mã tin cần ít nhất tám ký tự đầu, số điện thoại cần đủ chữ số.",
    ),
    "acts": Text("Do something with them", "Xử lý các tin này"),
    "scope": Text("With which", "Với tin nào"),
    "scope_selected": Text("those selected above", "các tin đã chọn ở trên"),
    "scope_all": Text("all that this search finds", "tất cả tin mà lần tìm này tìm ra"),
    "acts_hint": Text(
        "Nothing is done yet: the next page shows what it would do.", "Chưa làm gì cả: trang sau cho xem trước kết quả."
    ),
    "none_chosen": Text("Select messages first, or choose all.", "Hãy chọn tin trước, hoặc chọn tất cả."),
    "act_cancel": Text("Cancel", "Hủy gửi"),
    "act_move": Text("Send at another time", "Đổi giờ gửi"),
    "act_retry": Text("Send again", "Gửi lại"),
    "act_pause": Text("Pause", "Tạm dừng"),
    "act_on": Text("Which messages", "Những tin nào"),
    "says_cancel": Text(
        "What still waits is called back, and nobody gets it. What is being sent or was sent stays as it is, and is "
        "told afterwards.",
        "Những tin còn chờ sẽ được gọi lại và không ai nhận. Tin đang gửi hoặc đã gửi giữ nguyên và được báo lại sau.",
    ),
    "says_cancel_whole": Text(
        "Nothing more of the campaign is sent again either.", "Chiến dịch này cũng không gửi lại thêm tin nào."
    ),
    "says_cancel_part": Text(
        "What is being sent again of a campaign goes on: to end that, too, look for the campaign alone.",
        "Việc gửi lại của một chiến dịch vẫn tiếp tục: muốn dừng cả việc đó, hãy tìm riêng chiến dịch ấy.",
    ),
    "says_move": Text(
        "What still waits goes out then. What is being sent or was sent stays as it is, and is told afterwards.",
        "Những tin còn chờ sẽ gửi vào giờ mới. Tin đang gửi hoặc đã gửi giữ nguyên và được báo lại sau.",
    ),
    "says_counted": Text("Counted some seconds ago.", "Số liệu có thể chậm vài giây."),
    "says_now": Text("Counted now: the last thousand.", "Số liệu lúc này, trong một nghìn tin gần nhất."),
    "send_date": Text("Send at", "Gửi lúc"),
    "send_date_hint": Text("The hour of this installation's zone.", "Theo múi giờ của hệ thống."),
    "wrong_send_date": Text("It must be a date and time to come.", "Phải là ngày giờ trong tương lai."),
    "do_cancel": Text("Cancel them", "Hủy các tin này"),
    "do_move": Text("Move them", "Đổi giờ các tin này"),
    "do_retry": Text("Send them again", "Gửi lại các tin này"),
    "do_pause": Text("Pause", "Tạm dừng"),
    "dry_run": Text("What it would do", "Kết quả dự kiến"),
    "failed_as": Text("Failed as", "Kết quả trước"),
    "code_title": Text("Code", "Mã"),
    "messages": Text("Messages", "Số tin"),
    "sms": Text("SMS, calls", "SMS, cuộc gọi"),
    "dong": Text("Cost", "Chi phí"),
    "before": Text("Such as these, before", "Các lần trước"),
    "helps": Text("What helps", "Cách xử lý"),
    "no_help": Text("won't help", "gửi lại không giúp được"),
    "never_tried": Text("never tried", "chưa thử"),
    "arrived_before": Text("{share} of {count} arrived", "{share} trong {count} tin đến nơi"),
    "helpless": Text("eSMS would refuse as before", "eSMS sẽ lại từ chối"),
    "more_chosen": Text(
        "Counted is what would go first, {count} messages. Of {more} more that are chosen nothing is told here.",
        "Chỉ đếm {count} tin sẽ gửi trước. {more} tin còn lại không được tính ở đây.",
    ),
    "says_retry": Text(
        "The first hundred go at once. The rest follows by itself when one of them has arrived, and stays where all of "
        "them fail with one code.",
        "Một trăm tin đầu được gửi ngay. Phần còn lại tự đi tiếp khi có tin đến nơi, và dừng lại nếu cả trăm tin cùng "
        "không thành vì một mã.",
    ),
    "nothing_failed": Text("Nothing of this failed", "Không có tin nào không thành"),
    "nothing_failed_next": Text(
        "Only what was not delivered, rejected or too late can be sent again.",
        "Chỉ gửi lại được tin không đến nơi, bị từ chối hoặc quá hạn.",
    ),
    "may_arrive": Text("Not sent again, since it may still arrive:", "Không gửi lại vì có thể vẫn đến nơi:"),
    "says_pause": Text(
        "Held back until somebody lets it go on, all of it and not only what was found; what is being sent goes on:",
        "Giữ lại cho đến khi có người cho đi tiếp, toàn bộ chứ không chỉ các tin tìm ra; tin đang gửi sẽ gửi nốt:",
    ),
    "pause_campaign": Text("campaign {name}", "chiến dịch {name}"),
    "pause_lane": Text("lane {name}", "làn {name}"),
    "refused_since": Text(
        "Sending all that ever failed again takes a first day", "Muốn gửi lại mọi tin không thành thì cần ngày đầu"
    ),
    "refused_campaign": Text("A pause takes a campaign or a lane", "Muốn tạm dừng thì cần một chiến dịch hoặc một làn"),
    "refused_status": Text("What has not failed can't be sent again", "Chỉ gửi lại được tin không thành"),
    "refused_next": Text("Go back and change the search.", "Hãy quay lại và sửa điều kiện tìm."),
    "sweeps": Text("What was done with many", "Các lần xử lý hàng loạt"),
    "what": Text("What", "Việc"),
    "state": Text("State", "Tình trạng"),
    "state_going": Text("under way", "đang làm"),
    "state_trying": Text("first hundred under way", "đang thử trăm tin đầu"),
    "state_done": Text("done", "đã xong"),
    "state_stopped": Text("stopped", "đã dừng"),
    "how_far": Text("How far it is", "Tiến độ"),
    "found": Text("Looked at", "Đã xem"),
    "moved_cancel": Text("Cancelled", "Đã hủy"),
    "moved_move": Text("Moved", "Đã đổi giờ"),
    "moved_retry": Text("Queued again", "Đã xếp gửi lại"),
    "came_in_time": Text("In time", "Kịp xử lý"),
    "too_late": Text("Too late: {status}", "Không kịp: {status}"),
    "left_queued": Text(
        "Left waiting: it moves only with its whole campaign, or was handed over since",
        "Vẫn chờ: chỉ đổi giờ được cùng cả chiến dịch, hoặc vừa được gửi thêm",
    ),
    "expiring": Text("Left: it would be too late by its sender's word", "Để lại: sẽ quá hạn mà ứng dụng gửi đã định"),
    "trying_says": Text(
        "The rest follows when one of the first hundred has arrived.",
        "Phần còn lại đi tiếp khi có tin trong trăm tin đầu đến nơi.",
    ),
    "stopped_says": Text(
        "The first hundred all failed with code {code}: the rest stays as it is.",
        "Cả trăm tin đầu đều không thành với mã {code}: phần còn lại để nguyên.",
    ),
    "stopped_cancelled": Text(
        "The first hundred were all cancelled: the rest stays as it is.",
        "Cả trăm tin đầu đều đã bị hủy: phần còn lại để nguyên.",
    ),
    "look_again": Text("Look again", "Xem lại"),
    "stop": Text("Stop", "Dừng lại"),
    "stop_says": Text("What it has not come to stays as it is.", "Những tin chưa xử lý giữ nguyên."),
    "asked_by": Text("Asked by", "Người yêu cầu"),
    "asked_at": Text("Asked at", "Lúc yêu cầu"),
    "no_sweeps": Text("Nothing yet", "Chưa có lần nào"),
    "no_sweeps_next": Text(
        "Find messages, then choose what to do with all of them.", "Hãy tìm tin, rồi chọn cách xử lý tất cả."
    ),
    "retried": Text("{count} message(s) go out again.", "{count} tin được gửi lại."),
    "retried_rest": Text(
        "{count} more follow when one of these has arrived.", "{count} tin nữa đi tiếp khi có tin đến nơi."
    ),
    "go_on": Text("Send the rest all the same", "Vẫn gửi phần còn lại"),
    "go_on_says": Text(
        "As it was asked for, whatever became of the first hundred. It costs what it costs.",
        "Gửi đúng như đã yêu cầu, dù trăm tin đầu không thành. Vẫn tính tiền như thường.",
    ),
    "retried_left": Text("{count} stay as they are.", "{count} tin để nguyên."),
}
