"""Prints docs/codes.md from the table: what each code means, function by function, in the manual's order."""

import sys
from collections.abc import Iterator

from worker.esms.codes import MEANINGS
from worker.esms.functions import Function

_OPENING = """\
# Codes of eSMS, by function

Printed by `python -m worker.esms.codes`; a test keeps this page and the table in `worker/esms/codes` the same.
The same number means different things in different functions.
Source M is the provider's manual, P is what the provider publishes beside it.

Any other code is documented nowhere: it says neither that the request was taken nor that it was refused.
An SMS is asked again under the same RequestId, a few times at most, then held for a person; a call is held at once.
The code and the reply are kept, and `show` and `held list` show the code.
An answer without a code, or with two that differ, counts as *may have been taken*.
"""


def document() -> str:
    """The text of docs/codes.md."""
    return "\n".join([_OPENING, *(line for function in Function for line in _chapter(function))])


def _chapter(function: Function) -> Iterator[str]:
    yield f"## {function}\n"
    yield "| code | verdict | tiếng Việt | English | what to do | cách xử lý | source |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in sorted((row for row in MEANINGS if function in row.functions), key=lambda row: int(row.code)):
        texts = (row.vietnamese, row.english, row.remedy, row.remedy_vietnamese)
        yield f"| {row.code} | {row.verdict} | {' | '.join(texts)} | {row.source} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(document())
