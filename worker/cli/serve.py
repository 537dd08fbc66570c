"""Running it: `migrate`, `up`, `serve`, `demo`, `simulator`."""

from __future__ import annotations

from pathlib import Path

import click

from worker.api.operation import Operation
from worker.cli.output import json_option, parts_of, say, say_json
from worker.settings import UP_FOLDER, Settings, administration, environment, role_passwords, up_folder


@click.command()
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=600,
    show_default=True,
    help="Seconds for which transactions of others may be in its way.",
)
@json_option
def migrate(wait: float, as_json: bool) -> None:
    """Bring the database to this version's schema; safe to run again, and by many at once.

    The workers of the version before go on meanwhile. POSTGRES_WORKER_PASSWORD, POSTGRES_PRODUCER_PASSWORD and their
    like let the roles of that name log in.
    """
    environ = administration()
    with Operation.from_env(environ) as operation:
        before, _ = operation.revisions()
        lacking = operation.migrate(wait)
        after, _ = operation.revisions()
        operation.let_in(role_passwords(environ))
    if as_json:
        say_json({"before": before, "after": after, "roles": lacking})
    else:
        say(f"Postgres is at revision {after}" + ("" if before != after else " already"))
        for line in lacking:
            say(f"note: {line}")


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), help=f"Keeps the data.  [default: WORKER_FOLDER or {UP_FOLDER}]"
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that send and ask."
)
@click.option("--http-port", type=click.IntRange(1, 65535), help="Of the HTTP door.  [default: that of the last run]")
def up(folder: Path | None, workers: int, http_port: int | None) -> int:
    """Run everything on this machine, in the foreground, until Ctrl-C; the data stays in the folder.

    With ESMS_API_KEY and ESMS_SECRET_KEY it sends for real, without them to a simulator. DATABASE_URL and REDIS_URL
    are used when they are set.
    """
    from worker.cli.up import run_up

    return run_up(folder or up_folder(environment(besides_up=True)), workers, http_port)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free one.")
@click.option("--proxy-headers", metavar="ADDRESS,…", help="Believe X-Forwarded-* of these addresses.")
def serve(host: str, port: int, proxy_headers: str | None) -> int:
    """Answer applications of any language by HTTP, until Ctrl-C.

    At / is the page for people: `esms-worker users add`. TLS is the proxy's in front. Tokens: `esms-worker tokens add`.
    The description: /openapi.json.
    """
    try:
        from worker.web.serving import serve as served
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'esms-worker[http]'") from None
    proxies = [each for each in parts_of(proxy_headers or "") if each]
    settings = Settings.from_environ()
    return served(settings, host, port, proxies=proxies, ready=lambda at: say(f"listening on http://{host}:{at}"))


@click.command()
@click.option("--page", is_flag=True, help="Afterwards leave the page open, to look at in a browser, until Ctrl-C.")
def demo(page: bool) -> int:
    """See it work, in half a minute: real servers, real processes, a simulated eSMS, every status but sandboxed.

    Exit code 0 only when every message ended as the story says.
    """
    from worker.cli.demo import run_demo

    return run_demo(page=page)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--allow-host", "allow_hosts", multiple=True, metavar="NAME", help="Another name that it is called by; repeatable."
)
@click.option("--latency", type=float, default=0.05, show_default=True, help="Seconds before each answer.")
@click.option("--pace", type=float, default=0.1, show_default=True, help="Seconds in each SendStatus.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the dice.")
def simulator(allow_hosts: tuple[str, ...], **options: object) -> int:
    """Pretend to be eSMS, for tests; docs/simulator.md tells which number gets which story."""
    from worker.devkit.simulator.__main__ import main

    pairs = [*options.items(), *(("allow-host", name) for name in allow_hosts)]
    return main([part for name, value in pairs for part in (f"--{name}", str(value))])
