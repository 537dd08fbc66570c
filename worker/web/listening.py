"""What whoever starts a server is told where it can't listen."""

from __future__ import annotations

from worker.errors import Unavailable


def cannot_listen(host: str, port: int, error: OSError) -> Unavailable:
    """The port is taken, or the host is none of this machine's."""
    problem = f"can't be listened at ({error.strerror or error})"
    return Unavailable(f"{host}:{port}", problem, "choose another --host or --port")
