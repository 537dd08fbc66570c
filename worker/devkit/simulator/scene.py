"""What every function of the provider plays on: the knobs, the ledger, the time, and which plot is on.

A request to send is decided by its function, its numbers or the dice, in this order.
"""

from collections import Counter
from dataclasses import dataclass, field

from worker.devkit.simulator import clock
from worker.devkit.simulator.knobs import Knobs, plot_of_number
from worker.devkit.simulator.ledger import Ledger
from worker.devkit.simulator.plots import DELIVERED, Plot, plot_named, rolled


@dataclass(slots=True)
class Asked:
    """One request for a function; the names of its parameters are in lower case."""

    function: str
    form: str  # json or xml
    params: dict[str, str]

    def get(self, name: str) -> str:
        return self.params.get(name, "")


@dataclass(slots=True)
class Scene:
    """One run of the provider: a reset begins another."""

    knobs: Knobs
    ledger: Ledger
    _asking: Counter[tuple[str, str]] = field(default_factory=Counter)

    def now(self) -> float:
        """Seconds since 1970 on the simulator's clock."""
        return clock.now(self.knobs.clock_ahead)

    def keys_fit(self, asked: Asked) -> bool:
        return asked.get("apikey") == self.knobs.api_key and asked.get("secretkey") == self.knobs.secret_key

    def plot_of_send(self, asked: Asked, numbers: list[str], request_id: str, tries: int) -> Plot:
        """By function first, then by number, then by dice. Only a number's plot ends after so many tries."""
        name = self.knobs.force.get(asked.function)
        if name is None and (picked := self._of_numbers(numbers)):
            return self._of_number(picked, numbers[0], tries)
        if name is None and self.knobs.rates:
            name = rolled(self.knobs.rates, self.knobs.seed, asked.function, request_id or numbers[0], tries)
        return DELIVERED if name is None else self._noted(name)

    def plot_of_ask(self, asked: Asked, about: str) -> Plot:
        """For the functions that ask: by function, then by dice."""
        name = self.knobs.force.get(asked.function)
        if name is None and self.knobs.asking_rates:
            self._asking[asked.function, about] += 1
            tries = self._asking[asked.function, about]
            name = rolled(self.knobs.asking_rates, self.knobs.seed, asked.function, about, tries)
        return DELIVERED if name is None else self._noted(name)

    def _of_numbers(self, numbers: list[str]) -> str | None:
        """The first of them that picks anything but delivery: one answer speaks for the whole request."""
        names = [name for number in numbers if (name := plot_of_number(self.knobs, number))]
        return next((name for name in names if name != "delivered"), names[0] if names else None)

    def _of_number(self, name: str, number: str, tries: int) -> Plot:
        plot = plot_named(name)
        if plot.by_number:
            self.ledger.asked_by_number[number] += 1
            tries = self.ledger.asked_by_number[number]
        return self._noted(name) if plot.tries is None or tries <= plot.tries else DELIVERED

    def _noted(self, name: str) -> Plot:
        self.ledger.plots[name] += 1
        return plot_named(name)
