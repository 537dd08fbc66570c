"""What a browser is told with every answer, and what it is told when something goes wrong."""

from __future__ import annotations

import re

import pytest

from tests.pages.conftest import Browsers

ALWAYS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/livez"])
def test_no_frame_no_foreign_script_and_nothing_kept(browsers: Browsers, path: str) -> None:
    answer = browsers("viewer").get(path)
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_no_page_has_script_or_style_within_itself(browsers: Browsers) -> None:
    written = browsers("admin").get("/").text
    assert not re.search(r"<style|\sstyle=|<script(?! src=\"/static/)|\son\w+=|javascript:", written)


def test_style_and_script_are_kept_for_good_under_their_hash(browsers: Browsers) -> None:
    browser = browsers()
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.get("/login").text)
    assert len({address.rsplit("/", 1)[1] for address in addresses}) == 4
    for address in addresses:
        assert "immutable" in browser.get(address).headers["cache-control"]
    assert browser.get("/static/0000000000000000/page.css").headers["cache-control"] == "no-store"
    assert browser.get("/static/0000000000000000/..%2Fpage.css").status_code == 404


def test_who_follows_a_link_from_elsewhere_need_not_sign_in_again(browsers: Browsers) -> None:
    """The browser keeps a strict cookie back then: the page asks once more by itself."""
    answer = browsers().get("/", headers={"Sec-Fetch-Site": "cross-site"})
    assert 'http-equiv="refresh"' in answer.text


def test_what_there_is_not_is_told_as_a_page_to_people_and_as_a_problem_to_programs(browsers: Browsers) -> None:
    page = browsers().get("/nothing")
    assert (page.status_code, "Không tìm thấy" in page.text) == (404, True)
    problem = browsers().get("/v1/nothing", headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"


def test_vietnamese_first_and_english_by_a_switch(browsers: Browsers) -> None:
    browser = browsers("viewer")
    assert '<html lang="vi">' in browser.get("/").text
    assert browser.post("/language", {"language": "en", "next": "/"}).headers["location"] == "/"
    assert '<html lang="en">' in browser.get("/").text
