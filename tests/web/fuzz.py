"""Ask the HTTP door what its description allows, and as much that it does not: `make fuzz-http [REQUESTS=20000]`.

Real servers, a real `serve`, the simulated eSMS, a token that may do everything; schemathesis makes the requests and
judges the answers: no 5xx, and none that the description does not have. Exit code 1: it found something, and told it;
what it found stays in REPORTS, with a command of curl for each.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests import canary
from tests.http_door import serving
from tests.support import PASSWORD
from worker import Notifier
from worker.access import May
from worker.api.operation import Operation
from worker.database import Database
from worker.devkit import simulator as esms
from worker.devkit.postgres import Postgres
from worker.devkit.valkey import Valkey
from worker.roles import Role
from worker.roles.logins import set_passwords

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
REPORTS = Path(".venv/fuzz-http")
ROUND = 60  # examples of each
SHORT = 50  # examples of each
METHODS = ("get", "put", "post", "delete")


def main(requests: int) -> int:
    """About so many requests, over all operations; the exit code."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esms-worker-fuzz-")))
        postgres = stack.enter_context(Postgres(folder / "postgres", durable=False))
        valkey = stack.enter_context(Valkey(folder / "valkey", durable=False))
        provider = stack.enter_context(esms.start(api_key=canary.API_KEY, secret_key=canary.SECRET_KEY))
        environ = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "ESMS_BRANDNAME": "sangbrand"}
        stack.enter_context(Operation.from_env(environ)).migrate()
        with stack.enter_context(Database(postgres.url)).begin() as session:
            set_passwords(session.connection(), dict.fromkeys((Role.WORKER, Role.PRODUCER), PASSWORD))
        notifier = stack.enter_context(Notifier.from_env(environ))
        token = notifier.tokens.add("fuzz", source=None, may=list(May)).token
        besides = canary.ENVIRON | {"ESMS_REST_URL": provider.rest_url, "ESMS_VOICE_URL": provider.voice_url}
        address = stack.enter_context(serving(postgres.url, valkey.url, **besides, ESMS_BRANDNAME="sangbrand"))
        return _judged(address, token, requests)


def _judged(address: str, token: str, requests: int) -> int:
    """In rounds, each of other examples: what Hypothesis keeps of a round makes each further example of it dearer."""
    paths = httpx.get(f"{address}/openapi.json").json()["paths"].values()
    operations = sum(method in path for path in paths for method in METHODS)
    each = max(1, requests // operations)
    rounds = -(-each // ROUND)
    print(f"{operations} operations, {each} examples of each, in {rounds} rounds", flush=True)  # noqa: T201
    shutil.rmtree(REPORTS, ignore_errors=True)
    return max(_round(seed, address, token, -(-each // rounds), whole=each >= SHORT) for seed in range(rounds))


def _round(seed: int, address: str, token: str, each: int, *, whole: bool) -> int:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{address}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--max-examples", str(each)]
    phases = (
        "coverage,fuzzing" if whole and not seed else "fuzzing"
    )  # each boundary of each field: some thousand requests
    command += ["--phases", phases, "--mode", "all", "--request-timeout", "60", "--seed", str(seed)]
    command += ["--report-junit-path", str(REPORTS.absolute() / f"{seed}.xml")]
    return subprocess.run(command, cwd=tempfile.gettempdir()).returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
