"""Errors that name no field: of the door by HTTP, and of what there is not."""

from __future__ import annotations

from worker.catalogue.text import Text

WHOLE = (
    Text(
        "it is no JSON: {why}: send one object, or a list",
        "không phải JSON: {why}: hãy gửi một đối tượng, hoặc một danh sách",
    ),
    Text("it is nested more than {most} deep", "lồng nhau quá {most} tầng"),
    Text("it is no JSON object: send one, like {example}", "không phải một đối tượng JSON: hãy gửi như {example}"),
    Text("messages is a list, and atomic true or false", "messages là một danh sách, atomic là true hoặc false"),
    Text("holds {count}: send 1 to {most} at once", "có {count} mục: mỗi lần gửi từ 1 đến {most}"),
    Text("give reference or to", "hãy ghi reference hoặc to"),
    Text("give reference or to, not both", "hãy ghi reference hoặc to, không ghi cả hai"),
    Text(
        "none was stored: fix these, or leave atomic out",
        "chưa lưu tin nào: hãy sửa những tin này, hoặc bỏ atomic",
    ),
    Text("send it within {seconds} seconds", "hãy gửi xong trong {seconds} giây"),
    Text("send at most {size} MB at once", "mỗi lần gửi nhiều nhất {size} MB"),
    Text(
        "send `Authorization: Bearer esw_…` with a token of `esms-worker tokens add`",
        "hãy gửi `Authorization: Bearer esw_…` với mã truy cập của `esms-worker tokens add`",
    ),
    Text(
        "{name} may send {rate} requests a second: try again later",
        "{name} được gửi {rate} yêu cầu mỗi giây: hãy thử lại sau",
    ),
    Text("it needs the right {right}: {command}", "cần có quyền {right}: {command}"),
    Text(
        "this token is of the source {source}: leave the field out",
        "mã truy cập này thuộc nguồn {source}: hãy bỏ trường này",
    ),
    Text(
        "it is another source's, or of all sources: it takes a token of all sources",
        "mục này của nguồn khác, hoặc của mọi nguồn: cần mã truy cập của mọi nguồn",
    ),
    Text("reminders are told with a token of all sources", "phần nhắc hẹn cần mã truy cập của mọi nguồn"),
    Text("there is no such address", "không có địa chỉ này"),
    Text("there is no such address: {where} has all of them", "không có địa chỉ này: xem tất cả trong {where}"),
    Text("this address takes {methods}, and no {method}", "địa chỉ này nhận {methods}, không nhận {method}"),
    Text("it is in the server's log", "xem nhật ký của máy chủ"),
    Text(
        "no notification has the id {id}: check it, or look for its reference",
        "không có tin nào mang mã {id}: hãy xem lại, hoặc tìm theo mã tham chiếu",
    ),
    Text(
        "no notification has the id {id}, and no message: check it, or look for its reference",
        "không có tin nào mang mã {id}: hãy xem lại, hoặc tìm theo mã tham chiếu",
    ),
    Text("no message has the campaign {name}: check its spelling", "không có chiến dịch {name}: hãy xem lại cách viết"),
    Text(
        "no message has the campaign {name}: did you mean {near}?",
        "không có chiến dịch {name}: có phải ý bạn là {near}?",
    ),
    Text(
        "no rerun {id} stopped: `{command}` shows those that did",
        "không có lần gửi lại {id} nào đang dừng: xem `{command}`",
    ),
    Text("no contact has this key: `{command}` shows them", "không ai trong danh bạ có mã này: xem `{command}`"),
    Text(
        "no contact has this key: give a number with {option}",
        "không ai trong danh bạ có mã này: nếu là số điện thoại, hãy dùng {option}",
    ),
    Text("no contact has the key {key}: `{command}` shows them", "không ai trong danh bạ có mã {key}: xem `{command}`"),
    Text(
        "no contact has this id: it was removed, or is of another installation",
        "không có người này trong danh bạ: đã xóa, hoặc thuộc hệ thống khác",
    ),
    Text(
        "no contact has this key, and it is no phone number: see `{command}`",
        "không ai trong danh bạ có mã này, và đây không phải số điện thoại: xem `{command}`",
    ),
    Text("this search is no longer kept: look again", "tìm kiếm này không còn được lưu: hãy tìm lại"),
    Text("there is no sending rule {name}: `{command}` shows them", "không có quy định {name}: xem `{command}`"),
    Text(
        "{id} is no id: give one that `enqueue` returned or `send` printed",
        "{id} không phải mã: hãy dùng mã mà hệ thống đã trả về",
    ),
    Text("nothing is stored about them", "không lưu gì về người này"),
    Text("there is no request {number}: `{command}` shows them", "không có yêu cầu {number}: xem `{command}`"),
    Text(
        "this is no number, and no contact has it as a key",
        "đây không phải số điện thoại, và không ai trong danh bạ có mã này",
    ),
    Text(
        "no price of this kind and network begins on that day: see `{command}`",
        "không có giá loại và nhà mạng này bắt đầu từ ngày đó: xem `{command}`",
    ),
    Text(
        "no producer has the login {name}: `{command}` shows them",
        "không có ứng dụng nào dùng tài khoản {name}: xem `{command}`",
    ),
    Text(
        "no refused request has the id {id}: see `{command}`",
        "không có yêu cầu bị từ chối nào mang mã {id}: xem `{command}`",
    ),
    Text("there is no event {key} of source {source}", "không có sự kiện {key} của nguồn {source}"),
    Text(
        "there is no event {key} of source {source}: see `{command}`",
        "không có sự kiện {key} của nguồn {source}: xem `{command}`",
    ),
    Text(
        "there is no event {key} of source {source}: nothing to cancel",
        "không có sự kiện {key} của nguồn {source} để hủy",
    ),
    Text("no sweep has the id {id}", "không có việc hàng loạt nào mang mã {id}"),
    Text("no rerun has the id {id}", "không có lần gửi lại nào mang mã {id}"),
    Text(
        "no valid token is called {name}: `{command}` shows them",
        "không có mã truy cập nào tên {name}: xem `{command}`",
    ),
    Text(
        "no such file, or it was forgotten after {days} days: upload it again",
        "không có tệp này, hoặc đã xóa sau {days} ngày: hãy tải lên lại",
    ),
    Text(
        "no such file in this room: open it where it was uploaded",
        "không có tệp này ở mục này: hãy mở ở nơi đã tải lên",
    ),
    Text("no such file: it is named by its id", "không có tệp này: tệp được gọi bằng mã"),
    Text("no user is called {name}: `{command}` shows them", "không có người dùng {name}: xem `{command}`"),
    Text("no webhook has the id {id}: `{command}` shows them", "không có webhook nào mang mã {id}: xem `{command}`"),
    Text("there is no rule called {name}: see `{command}`", "không có quy tắc tên {name}: xem `{command}`"),
    Text("no message has the id {id}: `{command}` shows them", "không có tin nào mang mã {id}: xem `{command}`"),
    Text(
        "{given} names no held message: `{command}` shows them",
        "{given} không phải tin nào đang chờ quyết định: xem `{command}`",
    ),
    Text(
        "{given} names no refused request: `{command}` shows them",
        "{given} không chỉ yêu cầu bị từ chối nào: xem `{command}`",
    ),
    Text(
        "{given} is no id of anything here, nor the beginning of one ({most} characters or more), nor a reference: "
        "check its spelling",
        "{given} không phải mã, phần đầu của mã ({most} ký tự trở lên) hay mã tham chiếu nào: hãy xem lại cách viết",
    ),
    Text(
        "reference {reference} is used by several sources ({sources}): name one with --source",
        "mã tham chiếu {reference} có ở nhiều nguồn ({sources}): hãy cho biết nguồn",
    ),
    Text(
        "no notification has the reference {reference}: check its spelling and its source",
        "không có tin nào mang mã tham chiếu {reference}: hãy xem lại cách viết và nguồn",
    ),
    Text(
        "no notification has the reference {reference}, its request was refused: `{command}` with it tells why",
        "không có tin nào mang mã tham chiếu {reference}, vì yêu cầu bị từ chối: xem lý do bằng `{command}` kèm mã này",
    ),
    Text("no message has the source {name}: check its spelling", "không có ứng dụng {name}: hãy xem lại cách viết"),
    Text(
        "no message has the source {name}: did you mean {near}?", "không có ứng dụng {name}: có phải ý bạn là {near}?"
    ),
    Text("no template is called {name}: `{command}` shows them", "không có mẫu tin tên {name}: xem `{command}`"),
    Text("no campaign has this name", "không có chiến dịch nào tên này"),
    Text("no name has this address", "không có mục nào ở địa chỉ này"),
    Text("too many of these came at once", "quá nhiều yêu cầu cùng lúc"),
    Text(
        "{method} {path} stands in no table of roles: nobody is let in",
        "{method} {path} chưa được cấp quyền cho vai trò nào",
    ),
    Text(
        "it takes the role {needed}, and yours is {role}: ask an admin",
        "việc này cần vai trò {needed}, vai trò của bạn là {role}: hãy hỏi người có vai trò quản trị",
    ),
    Text(
        "the form is not ours, or too old: load the page again and repeat it",
        "biểu mẫu không hợp lệ hoặc đã cũ: hãy tải lại trang rồi làm lại",
    ),
    Text("send at most {size} MB, and say how much it is", "mỗi lần gửi nhiều nhất {size} MB, kèm độ dài"),
    Text("there is no such file", "không có tệp này"),
    Text("there is no such kind of file", "không có loại tệp này"),
    Text("there is no such report", "không có báo cáo này"),
)
