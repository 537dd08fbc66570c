"""Send again: what failed, corrected or in another way, once; by a person, or by itself as its producer said."""

from worker.again.choice import Corrected, Failed
from worker.again.follow_ups import follow
from worker.again.reruns import Went, go_on, go_on_beside_codes
from worker.again.steps import Step, step

__all__ = ["Corrected", "Failed", "Step", "Went", "follow", "go_on", "go_on_beside_codes", "step"]
