"""Names in a program's address: that of a campaign, or a contact's key, may hold a slash, which is sent as %2F."""

from __future__ import annotations

from starlette.convertors import PathConvertor, register_url_convertor


class _Label(PathConvertor):
    regex = ".+"  # a slash is decoded before anybody looks which route it is; nothing at all is no name


register_url_convertor("label", _Label())

NAME, KEY = "{name:label}", "{key:label}"
