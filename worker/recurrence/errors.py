"""What a person can write wrong about a time; each message one line that they can act on."""

SHOWN = 40  # characters of a wrong text that a message repeats


class RecurrenceError(ValueError):
    """A rule, date, offset or calendar file that can't be used: which field, what is wrong with it, what to do."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(field, problem, remedy)
        self.field, self.problem, self.remedy = field, problem, remedy

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}: {self.remedy}"


def shown(text: str) -> str:
    """A wrong text as a message repeats it: quoted, on one line, cut."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
