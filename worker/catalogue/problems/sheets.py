"""What can be wrong with a file that is read row by row, with a text that names columns, or with a recurrence."""

from __future__ import annotations

from worker.catalogue.text import Text

WRONG_IN_SHEETS = (
    # Workbooks and CSV...
    Text("is broken: {part} is missing", "tệp hỏng: thiếu {part}"),
    Text("is broken ({what})", "tệp hỏng ({what})"),
    Text("is no whole XLSX file", "không phải tệp XLSX trọn vẹn"),
    Text("is a zip file of too many parts", "là tệp nén có quá nhiều phần"),
    Text("is a zip file, but no workbook", "là tệp nén, không phải bảng tính"),
    Text("is too large to be read as XLSX ({part})", "quá lớn để đọc dạng XLSX ({part})"),
    Text("has no sheet with rows", "không có trang tính nào có dữ liệu"),
    Text("there is none called {name}", "không có mục nào tên {name}"),
    Text("after row {number} comes one whose number can't be", "sau dòng {number} có dòng mang số không hợp lệ"),
    Text("{file} is a CSV file, which has no sheets", "{file} là tệp CSV, không có trang tính"),
    Text("is no file that can be read twice", "không phải tệp đọc lại được"),
    Text("has more than {most} columns", "có hơn {most} cột"),
    Text("has more than {most} rows", "có hơn {most} dòng"),
    Text("can't be read as {encoding} after line {line}", "không đọc được bằng mã {encoding} từ sau dòng {line}"),
    Text("line {number}: its row is too long", "dòng {number} quá dài"),
    Text("line {number}: {why}", "dòng {number} sai dấu ngoặc kép ({why})"),
    Text("has a cell beyond the column {column}", "có ô nằm ngoài cột {column}"),
    Text("{cell} holds {error}, an error of the spreadsheet", "ô {cell} có {error}, lỗi của bảng tính"),
    # Columns...
    Text("there is no column {name}", "tệp không có cột {name}"),
    Text("{count} columns are called {name}", "có {count} cột cùng tên {name}"),
    Text("{columns} both look like {field}", "các cột {columns} đều giống {field}"),
    Text("none looks like {field}", "không cột nào giống {field}"),
    Text("none is called {field}", "không cột nào tên là {field}"),
    Text("{field} names no column", "{field} chưa ghi cột nào"),
    Text("{field} is named twice", "{field} được ghi hai lần"),
    Text("{title} makes no attribute's name of its own", "{title} không tạo được tên thuộc tính riêng"),
    Text("there is no field {name}", "không có trường {name}"),
    Text("row {number} has this kind, network and day", "dòng {number} đã có loại tin, nhà mạng và ngày này"),
    Text("advertising (type 1) has one text for all", "tin quảng cáo (loại 1) chỉ có một nội dung cho mọi người"),
    # Texts with names in braces...
    Text("the text would have {count} characters", "nội dung sẽ dài {count} ký tự"),
    Text("the template has {count} characters", "mẫu tin dài {count} ký tự"),
    Text("{name} has no value", "{name} chưa có giá trị"),
    Text("nothing is known by the name {name}", "không có giá trị nào tên {name}"),
    Text("the {sign} at character {place} stands alone", "dấu {sign} ở ký tự {place} đứng một mình"),
    # Texts and templates...
    Text("{name} is {kind} and would become {other} for {users}", "{name} là {kind}, sẽ thành {other} cho {users}"),
    Text("advertising (SmsType 1) goes to many at once with one text", "quảng cáo (loại 1) gửi cùng một nội dung"),
    Text(
        "advertising that eSMS keeps is counted and stopped by nobody ({rules})",
        "quảng cáo do eSMS giữ thì không ai đếm hay chặn được ({rules})",
    ),
    # People and applications...
    Text("is the number of somebody who asked to be forgotten", "là số của người đã yêu cầu xóa dữ liệu"),
    # Recurrences...
    Text("bad {field} in {words}", "trường {field} không hợp lệ trong {words}"),
    Text("this month has {days} days, not {day}", "tháng này có {days} ngày, không có ngày {day}"),
    Text("the lunar year {year} is out of reach", "năm âm lịch {year} nằm ngoài khoảng tính được"),
    Text(
        "lunar {year} has no leap month, not a leap month {month}",
        "năm âm lịch {year} không nhuận tháng nào, cũng không nhuận tháng {month}",
    ),
    Text(
        "lunar {year} has a leap month {has}, not a leap month {month}",
        "năm âm lịch {year} nhuận tháng {has}, không nhuận tháng {month}",
    ),
    Text("there are {count} of them, and {most} at most are taken", "có {count} mục, tối đa {most}"),
    # Addresses that we call...
    Text("is no address", "không phải địa chỉ"),
    Text("is not https", "không phải https"),
    Text("holds a user, a password or a #", "có tên người dùng, mật khẩu hoặc dấu #"),
)
TO_DO_IN_SHEETS = (
    Text(
        "open it in Excel and save it again as .xlsx, or as CSV UTF-8",
        "hãy mở bằng Excel rồi lưu lại thành .xlsx hoặc CSV UTF-8",
    ),
    Text("save it as CSV UTF-8", "hãy lưu thành CSV UTF-8"),
    Text('save it as "CSV UTF-8"', "hãy lưu thành “CSV UTF-8”"),
    Text("save it first", "hãy lưu thành tệp trước"),
    Text("there are {names}", "có các mục: {names}"),
    Text("the file has {columns}", "các cột của tệp: {columns}"),
    Text("keep those that are needed", "chỉ giữ những cột cần dùng"),
    Text("keep {most} columns at most", "chỉ giữ nhiều nhất {most} cột"),
    Text("try utf-8, utf-16 or cp1258", "hãy thử utf-8, utf-16 hoặc cp1258"),
    Text("mend the quotes", "hãy sửa các dấu ngoặc kép"),
    Text("mend its formula", "hãy sửa công thức của ô"),
    Text("a price list has a few hundred", "bảng giá chỉ có vài trăm dòng"),
    Text("rename one of them", "hãy đổi tên một trong hai"),
    Text("leave one out", "hãy bỏ bớt một dòng"),
    Text("call one so; {columns}", "hãy đặt tên một cột như vậy; {columns}"),
    Text("name them {names}", "hãy đặt tên các cột: {names}"),
    Text('say which: --phone-column "…"', "hãy chọn cột số điện thoại"),
    Text('say which: --map {field}="…"', "hãy chọn cột cho {field}"),
    Text('write --map {field}="the column\'s name"', "hãy chọn cột cho {field}"),
    Text('--map attr.x="{title}"', "hãy đổi tên cột {title}"),
    Text("it takes one column", "chỉ nhận một cột"),
    Text("use {names} or attr.NAME", "dùng được {names} hoặc attr.TÊN"),
    Text("take the {variables} out", "hãy bỏ các {variables}"),
    Text("write it in quotes: as a number it loses its leading zero", "hãy đặt trong ngoặc kép để không mất số 0 đầu"),
    Text("write {sign} for the brace itself", "hãy viết {sign} nếu cần chính dấu ngoặc nhọn"),
    Text("fill it in", "hãy điền vào"),
    Text("leave it out, or use a Notifier for that one", "hãy bỏ đi, hoặc dùng Notifier của nguồn đó"),
    Text(
        "say how such dates are meant: --dates dmy or --dates mdy",
        "hãy chọn cách hiểu ngày: dmy (ngày/tháng/năm) hoặc mdy (tháng/ngày/năm)",
    ),
    Text("give lunar_{field} instead, or leave it out", "hãy ghi lunar_{field}, hoặc bỏ đi"),
    Text("keep it below {most}", "hãy giữ dưới {most}"),
    Text(
        "write five fields like 0 8 * * MON-FRI: minute, hour, day, month, weekday",
        "hãy viết năm trường như 0 8 * * MON-FRI: phút, giờ, ngày, tháng, thứ",
    ),
    Text("give a day that the month has", "hãy ghi ngày có trong tháng"),
    Text("give a date of the lunar years {first} to {last}", "hãy ghi ngày trong các năm âm lịch {first} đến {last}"),
    Text("give the month without leap", "hãy ghi tháng thường"),
    Text("give one like {example}", "hãy ghi như {example}"),
    Text(
        "give one with https://, or set WORKER_WEBHOOKS_PRIVATE=1",
        "hãy ghi https://, hoặc đặt WORKER_WEBHOOKS_PRIVATE=1",
    ),
    Text("leave it out: calls are signed", "hãy bỏ đi: mỗi lần gọi đều có chữ ký"),
)
