"""What somebody asked to have done with all that a search finds: cancelled or moved, some at a time."""

from worker.sweeps.steps import go_on

__all__ = ["go_on"]
