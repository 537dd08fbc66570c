"""The price list: from a spreadsheet, from Python, and which of its rows holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import Bench, as_producer
from worker.api.price_sheets import amount
from worker.api.prices import Estimate, PriceRow
from worker.cli import run
from worker.errors import Invalid, NotFound
from worker.spreadsheets import open_table

Cli = Callable[..., tuple[int, str, str]]
NEW_YEAR = date(2026, 1, 1)

LIST = [
    ["2", "Viettel", "01/01/2026", "790 đ"],
    ["2", "Viettel", "15/07/2026", "820"],
    ["2", "khác", "2026-01-01", "850,5"],
    ["gọi", "", "2026-01-01", "450"],
]
BAD = [
    (["5", "", "2026-01-01", "1"], "row 2, Loại tin: there is no such SmsType"),
    (["two", "", "2026-01-01", "1"], "row 2, Loại tin: there is no such SmsType"),
    (["2", "", "03/04/2026", "1"], "row 2, Hiệu lực từ: may be read as day/month or as month/day"),
    (["2", "", "soon", "1"], "row 2, Hiệu lực từ: is no date"),
    (["2", "", "2026-01-01", "1.200"], "row 2, Đơn giá: may be thousands or a fraction"),
    (["2", "", "2026-01-01", "cheap"], "row 2, Đơn giá: is no price"),
    (["2", "", "2026-01-01", "-5"], "row 2, Đơn giá: is no price"),
    (["2", "", "2026-01-01", "99999999"], "row 2, Đơn giá: is no price"),
    (["2", "x" * 300, "2026-01-01", "1"], "row 2, Nhà mạng: is no usable name"),
]


@pytest.fixture
def cli(bench: Bench, database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("DATABASE_URL", as_producer(database_url))

    def run_cli(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_cli


def write(file: Path, rows: list[list[str]]) -> str:
    with open_table(file, ["Loại tin", "Nhà mạng", "Hiệu lực từ", "Đơn giá"]) as put:
        for row in rows:
            put(row)
    return str(file)


def price(sms_type: int = 2, network: str = "", valid_from: date = NEW_YEAR, dong: int = 790) -> PriceRow:
    return PriceRow(sms_type=sms_type, network=network, valid_from=valid_from, dong=Decimal(dong))


@pytest.mark.parametrize("name", ["prices.csv", "prices.xlsx"])
def test_a_list_is_taken_from_a_spreadsheet_and_each_row_holds_until_the_next(
    bench: Bench, cli: Cli, tmp_path: Path, name: str
) -> None:
    file = write(tmp_path / name, LIST)
    assert cli("prices", "import", file)[0] == 0
    rows = [(row.sms_type, row.network, row.valid_until, row.dong) for row in bench.notifier.prices.list()]
    assert rows == [
        (0, "", None, Decimal(450)),
        (2, "", None, Decimal("850.5")),
        (2, "viettel", date(2026, 7, 14), Decimal(790)),
        (2, "viettel", None, Decimal(820)),
    ]
    assert [row.dong for row in bench.notifier.prices.list(on=date(2026, 7, 14)) if row.network] == [Decimal(790)]
    code, out, _ = cli("prices", "import", file, "--json")
    told = json.loads(out)
    assert (code, told["added"], told["changed"], told["unchanged"], told["since"]) == (0, 0, 0, 4, None)


@pytest.mark.parametrize(("row", "told"), BAD)
def test_a_row_that_can_not_be_used_is_refused_by_row_and_column_and_the_others_are_taken(
    bench: Bench, cli: Cli, tmp_path: Path, row: list[str], told: str
) -> None:
    code, out, err = cli("prices", "import", write(tmp_path / "prices.csv", [row, LIST[3]]))
    assert (code, err) == (1, "")
    assert told in out
    assert len(bench.notifier.prices.list()) == 1


def test_two_prices_for_the_same_are_no_guess(cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli("prices", "import", write(tmp_path / "prices.csv", [LIST[3], ["0", "", "2026-01-01", "500"]]))
    assert code == 1
    assert "row 3: row 2 has this kind, network and day" in out


def test_a_dry_run_stores_nothing_and_a_file_without_prices_is_no_price_list(
    bench: Bench, cli: Cli, tmp_path: Path
) -> None:
    assert "4 would be added" in cli("prices", "import", write(tmp_path / "prices.csv", LIST), "--dry-run")[1]
    assert bench.notifier.prices.list() == []
    people = tmp_path / "people.csv"
    people.write_text("name,phone\nLan,0901000001\n")
    code, _, err = cli("prices", "import", str(people))
    assert code == 2
    assert err.startswith("error: columns: none looks like ")


def test_python_puts_all_or_none_and_says_which_is_wrong(bench: Bench) -> None:
    with pytest.raises(Invalid, match="item 1: dong: is no price"):
        bench.notifier.prices.put([price(), price(network="viettel", dong=-1)])
    with pytest.raises(Invalid, match="two are of the same"):
        bench.notifier.prices.put([price(network="Viettel"), price(network="viettel")])
    assert bench.notifier.prices.list() == []
    assert bench.notifier.prices.put([price(), price(0)]).added == 2
    counts = bench.notifier.prices.put([price(dong=800), price(0)])
    assert (counts.added, counts.changed, counts.since) == (0, 1, NEW_YEAR)


def test_a_row_is_removed_by_what_it_is_for(bench: Bench, cli: Cli) -> None:
    bench.notifier.prices.put([price(), price(network="viettel"), price(0)])
    assert cli("prices", "remove", "2", "2026-01-01", "--network", "VIETTEL")[0] == 0
    assert cli("prices", "remove", "call", "2026-01-01")[0] == 0
    assert [(row.sms_type, row.network) for row in bench.notifier.prices.list()] == [(2, "")]
    code, _, err = cli("prices", "remove", "2", "2026-01-02")
    assert (code, err.startswith("error: no price of this kind")) == (1, True)
    assert cli("prices", "remove", "sms", "2026-01-02")[0] == 2
    assert cli("prices", "remove", "2", "tomorrow")[0] == 2
    with pytest.raises(NotFound):
        bench.notifier.prices.remove(2, "viettel", NEW_YEAR)


def test_what_it_costs_before_its_network_is_known_is_a_range(bench: Bench) -> None:
    later = datetime(2026, 7, 1)  # noqa: DTZ001 — naive: of TIME_ZONE
    cheap, dear = (price(network="viettel", dong=700), price(network="viettel", valid_from=later.date(), dong=900))
    bench.notifier.prices.put([price(), cheap, dear])
    estimate = bench.notifier.prices.estimate
    assert estimate(2, at=datetime(2025, 12, 31, 16, 59, tzinfo=UTC)) is None
    assert estimate(2, 10, at=datetime(2025, 12, 31, 17, tzinfo=UTC)) == Estimate(
        least=Decimal(7000), most=Decimal(7900)
    )
    assert estimate(2, at=later) == Estimate(least=Decimal(790), most=Decimal(900))


def test_a_dry_run_tells_what_it_would_cost_where_the_list_knows(bench: Bench, cli: Cli, tmp_path: Path) -> None:
    send = ["send", "sms", "--to", "0901000001", "--to", "0901000002", "--sms-type", "7", "--content", "x" * 161]
    assert "cost: the price list does not know" in cli(*send, "--dry-run")[1]
    bench.notifier.prices.put([price(7), price(0, dong=450)])
    assert "cost by the price list: 3,160 đ\n" in cli(*send, "--dry-run")[1]
    assert json.loads(cli(*send, "--dry-run", "--json")[1])["cost"] == {"least": "3160", "most": "3160"}
    call = cli("send", "template-call", "--to", "0901000001", "--template-id", "7", "--dry-run")
    assert "cost by the price list: 450 đ\n" in call[1]
    file = tmp_path / "people.csv"
    file.write_text("name,phone\nLan,0901000001\nMai,0901000002\n")
    told = cli("send", "csv", str(file), "--content", "Chao {name}", "--sms-type", "7", "--dry-run", "--json")[1]
    assert json.loads(told[told.index("{") :])["cost"]["most"] == "1580"
    assert "cost" not in cli(*send)[1]


@pytest.mark.parametrize(
    ("written", "dong"), [("790", "790"), ("790.5", "790.5"), ("790,25 đ", "790.25"), ("1200 VND", "1200")]
)
def test_amounts_are_read_as_people_write_them(written: str, dong: str) -> None:
    assert amount(written) == Decimal(dong)
