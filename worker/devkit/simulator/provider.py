"""What eSMS would do with a request: check the keys, play the plot, and answer in the spelling that was asked for.

The three functions that send are in sending.py and the five that ask in asking.py; what goes wrong on the way back, by
the plot's order, is put in place of their reply here.
"""

from urllib.parse import unquote

from worker.devkit.simulator import asking, callbacks, sending
from worker.devkit.simulator.books import Books
from worker.devkit.simulator.counter import Counter
from worker.devkit.simulator.knobs import FUNCTIONS, Knobs
from worker.devkit.simulator.ledger import Ledger
from worker.devkit.simulator.plots import Body, Plot
from worker.devkit.simulator.replies import Reply, spelled
from worker.devkit.simulator.scene import Asked, Scene
from worker.devkit.simulator.wire import HttpAnswer, Manner, Request

_BY_LOWER_NAME = {name.lower(): name for name in FUNCTIONS}
_PLAYS = sending.PLAYS | asking.PLAYS
_KEYS_IN_PATH = {"getbalance", "getlistbrandname"}

_ERROR_PAGE = b"<html><head><title>%s</title></head><body><h1>%s</h1><hr><p>Runtime Error</p></body></html>"
_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "boom">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><SmsResultModel><CodeResult>&a9;</CodeResult></SmsResultModel>"
)


class Provider:
    """The pretended provider: its settings and its memory, which goes on from the books where there are any."""

    def __init__(self, knobs: Knobs, books: Books | None = None) -> None:
        self._books = books
        self._begin(knobs)
        if books:
            self.ledger.restore(books.sends())

    def reset(self, knobs: Knobs) -> None:
        """Forget everything, and take these knobs."""
        callbacks.forget()
        if self._books:
            self._books.forget()
        self._begin(knobs)

    def _begin(self, knobs: Knobs) -> None:
        self.scene = Scene(knobs, Ledger(self._books.note) if self._books else Ledger())
        self._counter = Counter()

    @property
    def knobs(self) -> Knobs:
        return self.scene.knobs

    @property
    def ledger(self) -> Ledger:
        return self.scene.ledger

    def answer(self, request: Request) -> HttpAnswer:
        """What the request gets. Everything it changes has changed when this returns; only the answer may be late."""
        asked = _read(request)
        if asked is None:
            return HttpAnswer(_page("Endpoint not found."), 404, "text/html; charset=utf-8")
        self.ledger.functions[asked.function] += 1
        reply, plot = _PLAYS[asked.function](self.scene, asked)
        return self._dressed(reply, plot, asked.form)

    def _dressed(self, reply: Reply, plot: Plot, form: str) -> HttpAnswer:
        answer = self._body(reply, plot, form)
        answer.manner, answer.drip = plot.manner, self.knobs.drip
        answer.delay = self._counter.delay(self.knobs.latency, self.knobs.at_once)
        lost = plot.manner not in (Manner.PLAIN, Manner.DRIP) or plot.body is not Body.REPLY
        self.ledger.answers[_what_came(plot) if lost else reply.code] += 1
        return answer

    def _body(self, reply: Reply, plot: Plot, form: str) -> HttpAnswer:
        match plot.body:
            case Body.SERVER_ERROR:
                return HttpAnswer(_page("Service Unavailable"), 503, "text/html; charset=utf-8")
            case Body.HTML:
                return HttpAnswer(_page("Maintenance"), 200, "text/html; charset=utf-8")
            case Body.EMPTY:
                return HttpAnswer(b"")
            case Body.REDIRECT:
                return HttpAnswer(b"", 302, extra="Location: /elsewhere\r\n")
            case Body.NO_CODE:
                return HttpAnswer(b'{"error":"Invalid request"}')
            case Body.NOT_UTF8:
                return HttpAnswer(b'{"CodeResult":"100","SMSID":"\xff\xfe\xff"}')
            case Body.HUGE:
                return HttpAnswer(b'{"CodeResult":"100","SMSID":"' + b"1" * 10_000_000 + b'"}')
            case Body.BOMB:
                return HttpAnswer(_BOMB, content_type="application/xml; charset=utf-8")
            case Body.NO_ID:
                reply.members.pop("SMSID", None)
        return self._spelled(reply, form)

    def _spelled(self, reply: Reply, form: str) -> HttpAnswer:
        body = spelled(reply, form, self.knobs.xml, self.knobs.quirks)
        cookie = "Set-Cookie: ASP.NET_SessionId=simulated; path=/; HttpOnly\r\n"
        extra = cookie if "session_cookie" in self.knobs.quirks else ""
        return HttpAnswer(body, content_type=f"application/{form}; charset=utf-8", extra=extra)


def _read(request: Request) -> Asked | None:
    """`/MainService.svc/json/GetBalance/{ApiKey}/{SecretKey}` and the like; None where no function is meant."""
    _, service, form, name, *rest = (*request.path.split("/"), "", "", "")
    form, name = form.lower(), name.lower()
    function = _BY_LOWER_NAME.get(name)
    if service.lower() != "mainservice.svc" or form not in ("json", "xml") or function is None:
        return None
    if name in _KEYS_IN_PATH and rest[0]:
        request.params |= {"apikey": unquote(rest[0]), "secretkey": unquote(rest[1])}
    return Asked(function, form, request.params)


def _what_came(plot: Plot) -> str:
    return plot.manner.value if plot.manner is not Manner.PLAIN else plot.body.value


def _page(title: str) -> bytes:
    return _ERROR_PAGE % (title.encode(), title.encode())
