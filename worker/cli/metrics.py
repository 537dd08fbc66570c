"""`metrics`: what a monitoring system asks."""

from __future__ import annotations

import click

from worker.cli.output import say
from worker.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=9420, show_default=True, help="0 takes any free one.")
def metrics(host: str, port: int) -> int:
    """Tell Prometheus, Grafana or Zabbix how it goes, by HTTP at /metrics, until Ctrl-C.

    Asks no token: listen where they alone get to. Names, numbers and texts of people and producers are in none of it.
    """
    try:
        from worker.web.metrics.serving import serve_metrics
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'esms-worker[metrics]'") from None
    settings = Settings.from_environ()
    return serve_metrics(
        settings,
        host,
        port,
        ready=lambda at: say(f"listening on http://{host}:{at}/metrics"),
        tell=lambda line: click.echo(line, err=True),
    )
