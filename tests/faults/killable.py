"""The worker's Celery app, with the hook armed where a test asks for it: `celery -A tests.faults.killable worker`."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults import killing
from worker.tasks import app

__all__ = ["app"]

if folder := os.environ.get(killing.FOLDER):
    app.conf.update(worker_lost_wait=0.5)  # seconds until Celery puts a dead child's task back; by default 10
    killing.arm(Path(folder))
