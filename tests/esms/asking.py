"""A question of the plainest kind, asked by sockets of our own."""

from typing import Any

from tests.canary import API_KEY, SECRET_KEY
from tests.esms.scripted import ScriptedServer, reply
from worker.esms import Client, Credentials, Exchange, Finished, Function, Prepared
from worker.esms.reading import Record
from worker.esms.transport_types import Parcel

TAKEN = reply('{"CodeResult":"100","SMSID":"1"}')


def client_of(url: str, voice_url: str = "", **options: object) -> Client:
    options = {"total_timeout": 20.0, "read_timeout": 10.0, "transport": "sockets"} | options
    return Client(Credentials(API_KEY, SECRET_KEY), rest_url=url, voice_url=voice_url or url, **options)  # type: ignore[arg-type]


def request(server: ScriptedServer, secret: str = "?a=b", *, limit: int = 65_536) -> Prepared[dict[str, Any]]:
    return request_of(server.url, secret, limit=limit)


def request_of(url: str, secret: str = "?a=b", *, limit: int = 65_536) -> Prepared[dict[str, Any]]:
    """Its reply is handed over as it is."""
    return Prepared(Function.GET_BALANCE, Parcel(f"{url}/json/GetBalance", secret, limit), _members)


def _members(reply: Record) -> dict[str, Any]:
    return dict(reply.members)


def ask(exchange: Exchange, prepared: Prepared[Any]) -> Finished[Any]:
    exchange.put("tag", prepared)
    [finished] = next_back(exchange)
    return finished


def next_back(exchange: Exchange) -> list[Finished[Any]]:
    while not (finished := exchange.take(10.0)):
        pass
    return finished
