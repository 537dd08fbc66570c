"""How the provider's hosts are reached: through which proxy, trusting which certificates.

Found once, with requests' reading of the environment, so that no transport has a reading of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests import utils

# Seconds. Connections kept longer are opened anew: a firewall on the way may have forgotten them without a word.
IDLE = 30.0


@dataclass(frozen=True, slots=True)
class Route:
    """The way to the provider. bundle: a file or folder of certificates. proxies: for each origin, if it has one."""

    bundle: str
    proxies: Mapping[str, str | None] = field(repr=False)  # a proxy's URL may hold a password

    @classmethod
    def to(cls, bases: tuple[str, ...], *, trust_env: bool, ca_bundle: str | None) -> "Route":
        """trust_env: obey HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE. ca_bundle: trusted instead of certifi's."""
        with requests.Session() as session:
            session.trust_env = trust_env
            environment = session.merge_environment_settings(bases[0], {}, None, ca_bundle or True, None)
        verify, proxies = environment["verify"], dict(environment["proxies"])
        bundle = verify if isinstance(verify, str) else utils.DEFAULT_CA_BUNDLE_PATH
        origins = {origin(base) for base in bases}
        return cls(bundle, {each: _with_scheme(utils.select_proxy(each, proxies)) for each in origins})


def origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _with_scheme(proxy: str | None) -> str | None:
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
