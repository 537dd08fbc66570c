"""Start other programs as our own children, know when they are ready, and leave none of them behind.

On Linux a child is asked to end when we do, even by `kill -9`. Elsewhere the next run ends what is left over.
"""

from worker.devkit.processes.child import Child
from worker.devkit.processes.errors import CannotStart
from worker.devkit.processes.folder import Lock, folder_lock, free_port
from worker.devkit.processes.server import Server

__all__ = ["CannotStart", "Child", "Lock", "Server", "folder_lock", "free_port"]
