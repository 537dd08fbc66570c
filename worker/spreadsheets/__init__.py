"""CSV and XLSX files of people, in and out: one reader and one writer for whoever takes or gives a table.

reading ─ csv_reading | xlsx_reading ─ xlsx_dates ─ xlsx_package        writing
titles: which column is meant        formulas: cells that a spreadsheet would run
"""

from worker.spreadsheets.formulas import escaped, unescaped
from worker.spreadsheets.reading import Sheet, open_sheet
from worker.spreadsheets.rows import Cell, Readable, RefusedRow, Row, Unreadable
from worker.spreadsheets.writing import open_table, private, write_csv, write_whole

__all__ = [
    "Cell",
    "Readable",
    "RefusedRow",
    "Row",
    "Sheet",
    "Unreadable",
    "escaped",
    "open_sheet",
    "open_table",
    "private",
    "unescaped",
    "write_csv",
    "write_whole",
]
