"""What stands between the broker and Celery: nothing reaches a task but a message that is one, read and written anew.

Whoever can push to a queue can push anything. `tasks_read` says what of it is a task; the transports see to it that
nothing crashes them before that is asked, and `Consumer` puts what is no task away as a task of its own, which counts
it in Postgres (`worker refused list`).
"""

from worker.broker.guarding import guard_transports
from worker.broker.logs import keep_contents_out_of_logs

__all__ = ["guard_transports", "keep_contents_out_of_logs"]
