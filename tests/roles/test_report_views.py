"""The views of the schema `report`: esms_report sees each of them and nothing else, and each column says what it is."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.documents.blocks import ROOT
from tests.roles.conftest import As
from tests.support import Bench, otp
from worker.database import Database
from worker.migrating import see_to_roles
from worker.models import Base
from worker.roles import Role
from worker.roles.views import VIEWS

NAMES = [view.name for view in VIEWS]


def test_the_role_for_reports_reads_each_view_and_no_table(bench: Bench, as_role: As) -> None:
    bench.put(campaign="tet")
    bench.set(bench.put(otp("0901000002")), status="'rejected'", code="'104'", attempts="1", settled_at="now()")
    bench.roll_up()
    with as_role(Role.REPORT).begin() as session:
        found = {name: session.scalars(text(f"SELECT count(*) FROM report.{name}")).one() for name in NAMES}
        failure = session.execute(text("SELECT * FROM report.report_failures")).mappings().one()
        campaigns = session.execute(text("SELECT campaign, messages, open, failed FROM report.report_campaigns")).all()
    assert found == {
        "report_messages": 2,
        "report_failures": 1,
        "report_held": 0,
        "report_attempts": 2,
        "report_daily": 2,
        "report_campaigns": 2,
        "report_networks": 1,
        "report_latency": 0,
        "report_rules": 0,
        "report_reminders": 0,
    }
    assert (failure["phone"], failure["code"], failure["last_try"]) == ("+84901000002", "104", failure["settled_at"])
    assert set(campaigns) == {("tet", 1, 1, 0), ("", 1, 0, 1)}
    for table in Base.metadata.tables:
        with pytest.raises(DBAPIError, match="permission denied"), as_role(Role.REPORT).engine.connect() as connection:
            connection.execute(text(f"SELECT FROM {table}"))


def test_each_column_of_each_view_says_what_it_is_and_migrate_again_changes_nothing(bench: Bench) -> None:
    uncommented = """
        SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'report'::regnamespace AND a.attnum > 0
          AND col_description(a.attrelid, a.attnum) IS NULL
    """
    versions = """
        SELECT relname, r.xmin::text, pg_get_userbyid(relowner)
        FROM pg_class AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid WHERE relname = ANY(:names) ORDER BY 1
    """
    with bench.database.begin() as session:
        assert session.execute(text(uncommented)).all() == []
        before = session.execute(text(versions), {"names": NAMES}).all()
    assert {owner for _, _, owner in before} == {Role.OWNER}
    assert see_to_roles(bench.database) == []
    with bench.database.begin() as session:
        assert session.execute(text(versions), {"names": NAMES}).all() == before


def test_every_question_of_the_document_is_answered_by_the_views(database: Database, as_role: As) -> None:
    questions = re.findall(r"^```sql\n(.*?)^```", (ROOT / "docs" / "reports.md").read_text(), re.M | re.S)
    named = {name for name in NAMES if re.search(rf"report\.{name}\b", "".join(questions))}
    assert named >= {*NAMES} - {"report_messages", "report_campaigns"}
    with as_role(Role.REPORT).begin() as session:
        for question in questions:
            session.execute(text(question))
