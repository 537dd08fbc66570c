"""What is wrong with a file of people, a row of it, or a field of a form, and what to do: as a page says it."""

from __future__ import annotations

from worker.catalogue.reasons.row import Reason, reason

FILES: tuple[Reason, ...] = (
    # Numbers...
    reason("the number is empty: write it like 0901234567", "chưa có số điện thoại: viết như 0901234567"),
    reason(
        "the number is longer than {most} characters: give one phone number for each recipient",
        "số dài hơn {most} ký tự: mỗi người chỉ ghi một số",
    ),
    reason(
        "the number was rounded by a spreadsheet: format its column as text and enter it again",
        "số bị bảng tính làm tròn: định dạng cột thành văn bản rồi nhập lại",
    ),
    reason(
        "the number holds {what}: give one phone number for each recipient",
        "trong số có {what}: mỗi người chỉ ghi một số",
    ),
    reason(
        "the number holds {what}: write it with digits, like 0901234567",
        "trong số có ký tự lạ ({what}): chỉ viết chữ số, như 0901234567",
    ),
    reason(
        "the number begins with a 0 where the country belongs: write it with +84 or with one 0",
        "số có số 0 ở chỗ mã nước: viết với +84 hoặc một số 0",
    ),
    reason(
        "the number is of another country than Vietnam: eSMS reaches numbers of +84 only",
        "số của nước khác: eSMS chỉ gửi đến số +84",
    ),
    reason(
        "it is a service number: give a person's mobile number or landline",
        "đây là số tổng đài: hãy ghi số của một người",
    ),
    reason(
        "it is a landline, which takes no SMS: give a mobile number, or make a call instead",
        "đây là số bàn, không nhận SMS: ghi số di động, hoặc gọi thay vì nhắn",
    ),
    reason(
        "it has {count} digits after the leading 0 or +84, where a mobile number has 9: look for missing or doubled "
        "digits",
        "sau số 0 hoặc +84 có {count} chữ số, số di động phải có 9: kiểm tra chữ số thiếu hoặc thừa",
    ),
    reason(
        "no Vietnamese number begins like this: look for a mistake in the first digits",
        "không có đầu số nào như vậy ở Việt Nam: kiểm tra các chữ số đầu",
    ),
    # Rows and cells...
    reason("is empty: fill the cell: the text needs it", "ô trống: hãy điền, nội dung cần giá trị này"),
    reason(
        "has {count} cells where the header has {width}: fill it up with empty cells",
        "có {count} ô, dòng tiêu đề có {width}: thêm các ô trống còn thiếu",
    ),
    reason(
        "has {count} cells where the header has {width}: quote cells with commas",
        "có {count} ô, dòng tiêu đề có {width}: đặt ô có dấu phẩy trong ngoặc kép",
    ),
    reason(
        "row {number} has the same: keep one of the two, or give each person a key of its own",
        "trùng với dòng {number}: giữ một trong hai, hoặc cho mỗi người một mã riêng",
    ),
    reason(
        "is empty: without a column of keys, the number is what a person is known by",
        "ô trống: khi không có cột mã, số điện thoại dùng để nhận biết từng người",
    ),
    # Whole files...
    reason("is missing: choose a file", "chưa chọn tệp: hãy chọn một tệp"),
    reason("is empty: its first row must name the columns", "tệp rỗng: dòng đầu phải là tên các cột"),
    reason(
        "has no row below the columns' names: fill in one row a person", "chưa có dòng nào: mỗi người điền một dòng"
    ),
    reason(
        "is larger than {size}: split it, or take the command line: {commands}",
        "tệp lớn hơn {size}: hãy chia nhỏ, hoặc dùng dòng lệnh: {commands}",
    ),
    reason(
        "has more than {rows} rows, or very long ones: split it, or take the command line: {commands}",
        "tệp có hơn {rows} dòng, hoặc dòng quá dài: hãy chia nhỏ, hoặc dùng dòng lệnh: {commands}",
    ),
    reason(
        'line {line} is not UTF-8: save it as "CSV UTF-8", or {remedy}',
        "dòng {line} không phải mã UTF-8: hãy lưu lại bằng “CSV UTF-8” hoặc .xlsx; cách khác: {remedy}",
    ),
    reason(
        'line {line} is not UTF-8: save it as "CSV UTF-8", or try --encoding {encoding}: it looks like {name}',
        "dòng {line} có vẻ là mã {name}, không phải UTF-8: hãy lưu lại bằng “CSV UTF-8” hoặc .xlsx "
        "(ở dòng lệnh: --encoding {encoding})",
    ),
    reason(
        'line {line} is not UTF-8: save it as "CSV UTF-8", or convert it with Unikey first: '
        "it may be TCVN3 (.VnTime) or VNI",
        "dòng {line} không phải mã UTF-8: hãy lưu lại bằng “CSV UTF-8” hoặc .xlsx; nếu là phông .VnTime (TCVN3) hay "
        "VNI, hãy chuyển mã bằng Unikey trước",
    ),
    reason(
        "is an old .xls, or protected by a password: save it as .xlsx without a password",
        "tệp .xls cũ, hoặc có mật khẩu: hãy lưu thành .xlsx không mật khẩu",
    ),
    reason(
        "is no Excel file, whatever its name says: save it as .xlsx, or as CSV UTF-8",
        "không phải tệp Excel dù tên như vậy: hãy lưu thành .xlsx hoặc CSV UTF-8",
    ),
    # Columns...
    reason(
        "no column is called phone, to, number, so_dien_thoai or the like: name it with --phone-column: {columns}",
        "không cột nào có tên giống số điện thoại: hãy chọn cột số điện thoại ({columns})",
    ),
    reason("there is no column {name}: the file has {columns}", "tệp không có cột {name}: các cột là {columns}"),
    reason(
        "none looks like a key or a phone number: name one with --map: {columns}",
        "không cột nào là mã hay số điện thoại: hãy chọn một ({columns})",
    ),
    # Forms...
    reason("is empty: write the text", "chưa có nội dung: hãy soạn"),
    reason("is empty: give it as text", "còn trống: hãy điền"),
    reason("is empty: give the text", "chưa có nội dung: hãy soạn"),
    reason("is missing: say when, or choose to send it at once", "chưa có giờ gửi: hãy chọn giờ, hoặc gửi ngay"),
    reason(
        "is no usable name: give up to {most} printable characters, no spaces around them",
        "tên không dùng được: tối đa {most} ký tự, không có khoảng trắng ở hai đầu",
    ),
    reason(
        "is no usable name: use up to 64 letters, digits, dots, dashes and underscores",
        "tên không dùng được: tối đa 64 chữ, số, dấu chấm, gạch ngang và gạch dưới",
    ),
    reason(
        "SmsType {sms_type} needs one: name your brandname, or set ESMS_BRANDNAME",
        "loại tin {sms_type} cần brandname: hãy điền tên, hoặc đặt ESMS_BRANDNAME",
    ),
    reason(
        "there is none called {name}: see `esms-worker templates list`, or add it",
        "không có mẫu tin {name}: hãy tạo mẫu trước",
    ),
    reason("there is no variable {name}: did you mean {near}?", "không có biến {name}: có phải là {near}?"),
    reason("there is no variable {name}: there are {known}", "không có biến {name}: dùng được {known}"),
    reason(
        "is not after the time of day: give one after {at}, on the same day",
        "không muộn hơn giờ gửi: chọn giờ sau {at} trong cùng ngày",
    ),
    reason("and cron are two ways to say it: give exactly one of the two", "chỉ điền một trong hai: RRULE hoặc cron"),
    reason(
        "none of the first can be sent: look at what is refused, and fix the file",
        "không dòng nào gửi được: xem các dòng bị loại rồi sửa tệp",
    ),
)
