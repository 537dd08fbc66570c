"""A client of a few lines, on the standard library alone: the tests of the simulator must not lean on ours."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from worker.devkit.simulator import Running

KEYS = {"ApiKey": "simulator-key", "SecretKey": "simulator-secret"}
PATIENCE = 10.0  # seconds


class Client:
    """Asks a running simulator; every request on a connection of its own."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.address = running.address

    def text(self, function: str, form: str = "json", /, **params: str) -> str:
        query = urlencode(KEYS | params)
        return self.get(f"/MainService.svc/{form}/{function}?{query}")[2]

    def ask(self, function: str, /, **params: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.text(function, "json", **params))
        return answer

    def sms(self, phone: str = "0901234567", request_id: str = "", **params: str) -> dict[str, Any]:
        asked = {"Phone": phone, "Content": "Xin chao", "SmsType": "4"} | params
        return self.ask("SendMultipleMessage_V4_get", **asked, **({"RequestId": request_id} if request_id else {}))

    def call(self, phone: str = "0901234567", template: str = "1000", **params: str) -> dict[str, Any]:
        return self.ask("MakeCallTemplate_V2", Phone=phone, TemplateId=template, **params)

    def status(self, sms_id: str) -> dict[str, Any]:
        return self.ask("GetSendStatus", RefId=sms_id)

    def get(self, target: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, content type and body. What is under /_sim/ is asked for with the token."""
        if target.startswith("/_sim/"):
            headers = {"Authorization": f"Bearer {self.running.token}", "Content-Type": "application/json"} | headers
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read().decode("utf-8", "replace")
        finally:
            connection.close()
