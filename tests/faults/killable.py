"""The worker's Celery app and its command line, with the hook armed where a test asks for it.

celery -A tests.faults.killable worker      python -m tests.faults.killable migrate
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults import killing

if folder := os.environ.get(killing.FOLDER):
    killing.arm(Path(folder))

from worker.cli import main
from worker.tasks import app

if folder:
    app.conf.update(worker_lost_wait=0.5)  # seconds until Celery puts a dead child's task back; by default 10

__all__ = ["app"]

if __name__ == "__main__":
    main()
