"""Which transport carries the requests of a worker, and what is said where it can't be had."""

import sys
from collections.abc import Callable

import pytest

from tests.canary import API_KEY, ENVIRON, SECRET_KEY
from worker import SettingsError
from worker.esms import Client, Credentials, InvalidRequest, Transport
from worker.runtime import make_client
from worker.settings import ProviderSettings


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What is not installed; None in sys.modules is how Python itself says so."""
    return lambda package: monkeypatch.setitem(sys.modules, package, None)


def provider(transport: str) -> ProviderSettings:
    return ProviderSettings.from_environ(ENVIRON | {"WORKER_TRANSPORT": transport})


def chosen(transport: str) -> Transport:
    return make_client(provider(transport), in_flight=1).transport


@pytest.mark.parametrize("transport", ["requests", "curl", "sockets"])
def test_what_is_asked_for_is_taken(transport: str) -> None:
    assert chosen(transport) == transport


def test_auto_is_the_fastest_that_can_be_had(without: Callable[[str], None]) -> None:
    assert chosen("") is chosen("auto") is Transport.SOCKETS
    without("httptools")
    assert chosen("auto") is Transport.CURL
    without("pycurl")
    assert chosen("auto") is Transport.REQUESTS


@pytest.mark.parametrize(("transport", "package"), [("curl", "pycurl"), ("sockets", "httptools")])
def test_one_that_is_not_installed_names_the_variable_and_the_extra(
    without: Callable[[str], None], transport: str, package: str
) -> None:
    without(package)
    with pytest.raises(SettingsError, match=rf"^WORKER_TRANSPORT: .*{package}.*pip install 'esms-worker\[fast\]'"):
        chosen(transport)


def test_a_transport_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="WORKER_TRANSPORT: 'telex'"):
        provider("telex")
    with pytest.raises(InvalidRequest, match="transport"):
        Client(Credentials(API_KEY, SECRET_KEY), transport="telex")
