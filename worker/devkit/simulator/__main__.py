"""`python -m worker.devkit.simulator`: the simulator on the command line."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from worker.devkit.simulator.knobs import KnobError
from worker.devkit.simulator.server import CannotStart, Options, run


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when told to stop, 2 when it can't start."""
    options = _options(arguments)
    made_up = "" if os.environ.get("SIMULATOR_TOKEN") else f"\nToken for its books and knobs: {options.token}"
    try:
        run(options, announce=lambda line: _say(line + made_up))
    except (CannotStart, KnobError) as error:
        print(f"eSMS simulator: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _options(arguments: list[str] | None) -> Options:
    start = Options()
    parser = argparse.ArgumentParser(prog="python -m worker.devkit.simulator", description="A pretend eSMS for tests.")
    parser.add_argument("--host", default=start.host)
    parser.add_argument(
        "--allow-host",
        dest="allow_hosts",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that it is called by, as a container's; may be given again",
    )
    parser.add_argument("--port", type=_port, default=start.port, help="0 (the default) takes any free one")
    parser.add_argument(
        "--api-key", default=os.environ.get("SIMULATOR_API_KEY", start.api_key), help="or SIMULATOR_API_KEY"
    )
    parser.add_argument(
        "--secret-key", default=os.environ.get("SIMULATOR_SECRET_KEY", start.secret_key), help="or SIMULATOR_SECRET_KEY"
    )
    parser.add_argument("--latency", type=float, default=start.latency, help="seconds before each answer (%(default)s)")
    parser.add_argument("--pace", type=float, default=start.pace, help="seconds in each SendStatus (%(default)s)")
    parser.add_argument("--seed", type=int, default=start.seed, help="of the dice (%(default)s)")
    parser.add_argument(
        "--set", dest="knobs", type=_knobs, default={}, metavar="JSON", help='as {"rates": {"hang": 0.1}}'
    )
    parser.add_argument(
        "--books", type=Path, help="a file that keeps what was taken, so that a restart goes on from it"
    )
    parser.add_argument("--port-file", type=Path, help="where to write the port once it listens")
    parser.add_argument(
        "--with-parent",
        dest="parent",
        type=int,
        nargs="?",
        const=os.getppid(),
        metavar="PID",
        help="stop when the process that started it is gone",
    )
    parser.set_defaults(token=os.environ.get("SIMULATOR_TOKEN") or start.token)  # no option: everybody can read those
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return port


def _knobs(text: str) -> dict[str, Any]:
    try:
        knobs = json.loads(text)
    except ValueError:
        knobs = None
    if not isinstance(knobs, dict):
        raise argparse.ArgumentTypeError('must be a JSON object, as {"latency": 0}')
    return knobs


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
