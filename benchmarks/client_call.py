"""What one call to the provider costs in CPU: our client beside bare requests, urllib3, http.client, curl and a socket.

The server lives in a process of its own and answers at once. Compare ratios within one run only.

    python benchmarks/client_call.py [calls]
"""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from statistics import median
from urllib.parse import urlencode

import requests
import urllib3
from rich.console import Console
from rich.table import Table

from worker.esms import Client, Credentials, OutgoingSms, Transport

SERVER = r"""
import socket, threading
body = b'{"CodeResult":"100","CountRegenerate":"0","SMSID":"24342680"}'
reply = (b"HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Type: application/json; charset=utf-8\r\n"
         b"Server: Microsoft-IIS/8.5\r\nSet-Cookie: ASP.NET_SessionId=x; path=/\r\nX-AspNet-Version: 4.0.30319\r\n"
         b"X-Powered-By: ASP.NET\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while connection.recv(65536):
        connection.sendall(reply)
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
SMS = OutgoingSms(phone="0901234567", content="Ma xac nhan cua ban la 123456", sms_type=7, request_id="x" * 32)
PARAMS = {"Phone": "0901234567", "Content": SMS.content, "SmsType": "7", "RequestId": SMS.request_id}
KEYS = {"ApiKey": "A" * 30, "SecretKey": "B" * 30}
IN_FLIGHT = 32


@contextmanager
def server() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def cpu(call: Callable[[], object], calls: int) -> float:
    """Microseconds of CPU a call, the median of five rounds."""
    for _ in range(50):
        call()
    rounds = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(calls):
            call()
        rounds.append((time.process_time() - begun) / calls * 1e6)
    return median(rounds)


def cpu_in_exchange(client: Client, calls: int) -> float:
    """Microseconds of CPU a call, from the fields of an SMS to its typed reply, the median of five rounds."""
    return median(_round_of(client, calls) for _ in range(5))


def _round_of(client: Client, calls: int) -> float:
    begun = time.process_time()
    with client.open_exchange(IN_FLIGHT) as exchange:
        waiting, back = calls, 0
        while back < calls:
            while waiting and exchange.in_flight < IN_FLIGHT:
                exchange.put(waiting, client.prepare_sms(SMS))
                waiting -= 1
            back += sum(1 for finished in exchange.take(1.0) if finished.result())
    return (time.process_time() - begun) / calls * 1e6


def cpu_of_bare_curl(target: str, calls: int) -> float:
    """The least that curl's multi interface can cost from Python: no checks, no clocks, no reading of the reply."""
    import pycurl

    multi, handles = pycurl.CurlMulti(), [pycurl.Curl() for _ in range(IN_FLIGHT)]
    idle, put, back = list(handles), 0, 0
    begun = time.process_time()
    while back < calls:
        while idle and put < calls:
            handle, put = idle.pop(), put + 1
            handle.setopt(pycurl.URL, target)
            handle.setopt(pycurl.WRITEDATA, BytesIO())
            multi.add_handle(handle)
        multi.perform()
        for handle in multi.info_read()[1]:
            multi.remove_handle(handle)
            idle.append(handle)
            back += 1
        if not idle or put >= calls:
            multi.select(1.0)
    return (time.process_time() - begun) / calls * 1e6


def of_one_loop(base: str, target: str, calls: int) -> dict[str, float]:
    """Those of our transports that need no threads, as far as they are installed; and curl with nothing around it."""
    found = {"bare curl, multi interface": cpu_of_bare_curl(target, calls)} if find_spec("pycurl") else {}
    for transport, package in ((Transport.CURL, "pycurl"), (Transport.SOCKETS, "httptools")):
        if find_spec(package):
            with Client(Credentials(*KEYS.values()), rest_url=base, voice_url=base, transport=transport) as client:
                found[f"ours: an exchange, {transport}, {IN_FLIGHT} open"] = cpu_in_exchange(client, calls)
    return found


def measured(port: int, calls: int) -> dict[str, float]:
    base = f"http://127.0.0.1:{port}/MainService.svc"
    url = f"{base}/json/SendMultipleMessage_V4_get"
    target = f"{url}?{urlencode(PARAMS | KEYS)}"
    client = Client(Credentials(*KEYS.values()), rest_url=base, voice_url=base, in_flight=IN_FLIGHT)
    session, pool = requests.Session(), urllib3.PoolManager()
    trusting = requests.Session()
    session.trust_env = False
    plain = http.client.HTTPConnection("127.0.0.1", port)
    raw = socket.create_connection(("127.0.0.1", port))
    line = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    def ask_plainly() -> bytes:
        plain.request("GET", target)
        return plain.getresponse().read()

    def ask_bare() -> bytes:
        raw.sendall(line)
        return raw.recv(65536)

    with client, session, trusting, raw:
        results = {
            "requests, as in its tutorial": cpu(
                lambda: trusting.get(url, params=PARAMS | KEYS, timeout=5).json(), calls
            ),
            "requests, trust_env off": cpu(lambda: session.get(url, params=PARAMS | KEYS, timeout=5).json(), calls),
            "urllib3": cpu(lambda: pool.request("GET", target, timeout=5.0, retries=False).data, calls),
            "http.client": cpu(ask_plainly, calls),
            "a bare socket": cpu(ask_bare, calls),
            "ours: send_sms()": cpu(lambda: client.send_sms(SMS), calls),
            "ours: prepare_sms() alone": cpu(lambda: client.prepare_sms(SMS), calls),
            f"ours: an exchange, {IN_FLIGHT} threads": cpu_in_exchange(client, calls),
        }
        results |= of_one_loop(base, target, calls * 3)
        plain.close()
        pool.clear()
    return results


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with server() as port:
        results = measured(port, calls)
    unit = results["requests, trust_env off"]
    table = Table("client", "µs of CPU a call", "beside requests", title="One call to eSMS")
    for name, cost in results.items():
        table.add_row(name, f"{cost:,.0f}", f"{cost / unit:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
