"""What the price list says of one SMS of a text, or of one call, as SQL that every question has in common."""

from __future__ import annotations


def price_of(sms_type: str, network: str, day: str) -> str:
    """SQL: what one costs that day, by its network's price or else by that of all; NULL: the list does not know."""
    return f"""(
        SELECT p.dong FROM price AS p
        WHERE p.sms_type = {sms_type} AND p.network IN ({network}, '') AND p.valid_from <= {day}
        ORDER BY p.network = '', p.valid_from DESC LIMIT 1
    )"""  # noqa: S608 — columns of our own


def of_networks(sms_type: str, day: str) -> str:
    """SQL: what one costs that day, a row for each network. Which has a number is not known before eSMS names it."""
    return f"""(
        SELECT DISTINCT ON (p.network) p.dong FROM price AS p
        WHERE p.sms_type = {sms_type} AND p.valid_from <= {day}
        ORDER BY p.network, p.valid_from DESC
    ) AS of_networks"""  # noqa: S608 — columns of our own
