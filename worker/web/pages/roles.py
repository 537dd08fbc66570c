"""Which role each route takes at least: the one table. A route that does not stand here lets nobody in."""

from __future__ import annotations

from worker.access import UserRole

VIEWER, OPERATOR, ADMIN = UserRole
ANYBODY = None  # signed in or not

LEAST: dict[tuple[str, str], UserRole | None] = {
    ("GET", "/"): VIEWER,
    ("GET", "/now/figures"): VIEWER,
    ("GET", "/login"): ANYBODY,
    ("POST", "/login"): ANYBODY,
    ("GET", "/enter/{link}"): ANYBODY,
    ("POST", "/enter/{link}"): ANYBODY,
    ("POST", "/logout"): VIEWER,
    ("GET", "/password"): VIEWER,
    ("POST", "/password"): VIEWER,
    ("POST", "/language"): ANYBODY,
    ("GET", "/messages/{given}"): VIEWER,
    ("POST", "/messages/{given}/cancel"): OPERATOR,
    ("POST", "/messages/{given}/move"): OPERATOR,
    ("POST", "/messages/{given}/retry"): OPERATOR,
    ("GET", "/held"): VIEWER,
    ("POST", "/held"): OPERATOR,
    ("GET", "/log"): ADMIN,
    ("GET", "/static/{digest}/{name}"): ANYBODY,
}

# What stands in the navigation, in this order, for whom the table lets in; words of catalogue/pages/common.py.
NAVIGATION = (
    ("/", "nav_now"),
    ("/find", "nav_find"),
    ("/held", "nav_held"),
    ("/campaigns", "nav_campaigns"),
    ("/reminders", "nav_reminders"),
    ("/templates", "nav_templates"),
    ("/contacts", "nav_contacts"),
    ("/reports", "nav_reports"),
    ("/log", "nav_log"),
    ("/users", "nav_users"),
)
