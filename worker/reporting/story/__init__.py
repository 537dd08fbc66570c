"""Why one message stands where it stands: its whole story, in order, in words that a receptionist understands."""

from worker.reporting.story.reading import MOST, Facts, facts_of, facts_to
from worker.reporting.story.telling import Step, Story, told

__all__ = ["MOST", "Facts", "Step", "Story", "facts_of", "facts_to", "told"]
