"""kombu's transports by scheme, each with our reading in front of it."""

from __future__ import annotations

from kombu import transport

OURS = {
    "redis": "worker.broker.redis_transport:Transport",
    "rediss": "worker.broker.redis_transport:Transport",
    "amqp": "worker.broker.amqp_transport:Transport",
    "amqps": "worker.broker.amqp_transport:SSLTransport",
}


def guard_transports() -> None:
    """Put our reading in front of kombu's transports, in this process.

    In kombu's table of schemes and not by Celery's setting: that one is forgotten at a fail-over to another address.
    """
    transport.TRANSPORT_ALIASES.update(OURS)
    for scheme in OURS:
        transport._transport_cache.pop(scheme, None)  # type: ignore[attr-defined]
