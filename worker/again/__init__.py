"""Send again: what failed, corrected or in another way, once; by a person, or by itself as its producer said."""

from worker.again.choice import Corrected, Failed
from worker.again.follow_ups import follow
from worker.again.reruns import go_on
from worker.again.steps import Step, step

__all__ = ["Corrected", "Failed", "Step", "follow", "go_on", "step"]
