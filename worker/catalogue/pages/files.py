"""Words of a file whose rows are read: which column is what, and what was not taken."""

from __future__ import annotations

from worker.catalogue.text import Text

FILES: dict[str, Text] = {
    "columns": Text("Which column is what?", "Cột nào là gì?"),
    "columns_says": Text(
        "As it looks by the names. A column that is not used changes nothing.",
        "Hệ thống đoán theo tên cột. Cột không dùng thì không thay đổi gì.",
    ),
    "file_rows": Text("{file} · {count} rows", "{file} · {count} dòng"),
    "column": Text("Column", "Cột"),
    "example": Text("For example", "Ví dụ"),
    "is_what": Text("It is", "Là"),
    "use_none": Text("not used", "không dùng"),
    "use_key": Text("key", "mã"),
    "use_name": Text("name", "họ tên"),
    "use_phone": Text("phone number", "số điện thoại"),
    "dates": Text("03/04/1990 is", "03/04/1990 là"),
    "dates_dmy": Text("3 April", "ngày 3 tháng 4"),
    "dates_mdy": Text("4 March", "ngày 4 tháng 3"),
    "dates_none": Text("unclear: refuse such dates", "không rõ: loại ngày như vậy"),
    "run_says_but": Text(
        "What was refused is left out; all the rest, or none of it.",
        "Bỏ những dòng bị loại; nhập tất cả phần còn lại, hoặc không nhập gì.",
    ),
    "count_refused": Text("Refused rows", "Dòng bị loại"),
    "refused_rows": Text("What was not taken", "Những gì không nhận"),
    "row_number": Text("Row", "Dòng"),
    "row": Text("row {number}", "dòng {number}"),
    "problem": Text("What is wrong", "Lỗi"),
    "download_refused": Text("All of it, to be fixed:", "Tải tất cả để sửa:"),
}
