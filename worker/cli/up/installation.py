"""What runs on this machine, by which logins, and which addresses are left for whom."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from worker.api.operation import Operation
from worker.cli.simulated import CONTROL, KEYS
from worker.cli.up.applications import Applications
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Child, Server
from worker.devkit.processes.folder import write_private
from worker.devkit.valkey import Valkey
from worker.roles.names import ADMINISTRATOR, Role
from worker.settings import sources_of
from worker.settings.retention import KEY


@dataclass
class Installation:
    """The running parts, and how to reach them.

    environ: of our own processes; handed_out: where an application or another terminal needs another address than they.
    administrator: the address of who migrates and makes logins, where Postgres is ours.
    http_port: where applications of any language are answered; None: nowhere.
    applications: that have a user of our broker; None: it is not ours.
    """

    folder: Path
    environ: dict[str, str]
    simulated: bool
    handed_out: dict[str, str] = field(default_factory=dict)
    administrator: dict[str, str] = field(default_factory=dict)
    http_port: int | None = None
    servers: list[Server] = field(default_factory=list)
    apps: list[Child] = field(default_factory=list)
    applications: Applications | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """What another terminal needs; real keys stay in the environment that they came from."""
        names = ["DATABASE_URL", "REDIS_URL", KEY]
        if self.simulated:
            names += ["ESMS_REST_URL", "ESMS_VOICE_URL", "ESMS_BRANDNAME", *KEYS, CONTROL]
        return {name: self.environ[name] for name in names if name in self.environ} | self.handed_out


def start_servers(installation: Installation, stack: ExitStack) -> None:
    folder, environ = installation.folder, installation.environ
    if not environ.get("DATABASE_URL"):
        postgres = stack.enter_context(Postgres(folder / "postgresql"))
        installation.servers.append(postgres)
        _let_in(installation, postgres)
    if not environ.get("REDIS_URL"):
        valkey = stack.enter_context(Valkey(folder / "valkey", sources=sources_of(environ)))
        installation.servers.append(valkey)
        environ["REDIS_URL"] = valkey.worker_url
        installation.handed_out["REDIS_URL"] = valkey.producer_url
        installation.applications = Applications(folder, environ, valkey)
        installation.applications.look()


def _let_in(installation: Installation, postgres: Postgres) -> None:
    """Each by a login that may what it needs; the superuser's address is for this alone."""
    with Operation.from_env(installation.environ | {"DATABASE_URL": postgres.url}) as operation:
        operation.migrate()
        passwords = {str(role): postgres.password_of(role) for role in (Role.WORKER, Role.PRODUCER)}
        operation.let_in(passwords, administrator=postgres.password_of(ADMINISTRATOR))
    installation.environ["DATABASE_URL"] = postgres.url_of(Role.WORKER)
    installation.handed_out["DATABASE_URL"] = postgres.url_of(Role.PRODUCER)
    installation.administrator["DATABASE_URL"] = postgres.url_of(ADMINISTRATOR)


def leave_addresses(installation: Installation) -> None:
    for file, values in (("admin", installation.administrator), ("env", installation.addresses)):
        write_private(installation.folder / file, "".join(f"{name}='{value}'\n" for name, value in values.items()))


def forget_addresses(folder: Path) -> None:
    for file in ("env", "admin", "page.link"):
        (folder / file).unlink(missing_ok=True)
