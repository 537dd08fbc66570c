"""What lanes, kinds, purposes, kinds of SMS and roles are called."""

from __future__ import annotations

from worker.access import UserRole
from worker.catalogue.text import Text
from worker.lifecycle import Kind, Lane, Purpose, SmsType

LANES: dict[Lane, Text] = {
    Lane.URGENT: Text("urgent", "khẩn"),
    Lane.NORMAL: Text("normal", "thường"),
    Lane.BULK: Text("bulk", "hàng loạt"),
    Lane.VOICE: Text("voice", "cuộc gọi"),
}

KINDS: dict[Kind, Text] = {
    Kind.SMS: Text("SMS", "tin nhắn SMS"),
    Kind.TEMPLATE_CALL: Text("call by a template", "cuộc gọi theo mẫu"),
    Kind.RECORD_CALL: Text("call with a recording", "cuộc gọi phát ghi âm"),
}

PURPOSES: dict[Purpose, Text] = {
    Purpose.CODE: Text("one-time code", "mã xác thực"),
    Purpose.SERVICE: Text("service", "chăm sóc khách hàng"),
    Purpose.REMINDER: Text("reminder", "nhắc hẹn, chúc mừng"),
    Purpose.ADVERTISING: Text("advertising", "quảng cáo"),
}

ROLES: dict[UserRole, Text] = {
    UserRole.VIEWER: Text("viewer", "chỉ xem"),
    UserRole.OPERATOR: Text("operator", "vận hành"),
    UserRole.ADMIN: Text("admin", "quản trị"),
}

SMS_TYPES: dict[SmsType, Text] = {
    SmsType.ADVERTISING: Text("advertising by brandname", "quảng cáo bằng brandname"),
    SmsType.CUSTOMER_CARE: Text("customer care by brandname", "chăm sóc khách hàng bằng brandname"),
    SmsType.RANDOM: Text("advertising from a random number", "quảng cáo từ đầu số ngẫu nhiên"),
    SmsType.NOTIFY: Text('fixed number "Notify"', 'đầu số cố định "Notify"'),
    SmsType.VERIFY: Text('fixed number "Verify"', 'đầu số cố định "Verify"'),
    SmsType.OTP: Text("one-time code, random number", "mã OTP từ đầu số ngẫu nhiên"),
    SmsType.FIXED: Text("fixed ten-digit number", "đầu số cố định 10 số"),
    SmsType.TWO_WAY: Text("two-way", "tin nhắn hai chiều"),
}
