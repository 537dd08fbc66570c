"""Named texts: what may be saved, what each becomes for a person and an occasion, what that costs, who needs it.

variables ─ defining ─ saving ─▶ ledger        values ─ preview: the same for a preview, a simulation and the real thing
"""

from worker.templates.defining import define_template
from worker.templates.preview import Estimate, Preview, accents_taken_out, estimate, preview
from worker.templates.saving import Saved, remove, save, unknown, usable
from worker.templates.values import Addressee, Occasion, Written, needs_of, written

__all__ = [
    "Addressee",
    "Estimate",
    "Occasion",
    "Preview",
    "Saved",
    "Written",
    "accents_taken_out",
    "define_template",
    "estimate",
    "needs_of",
    "preview",
    "remove",
    "save",
    "unknown",
    "usable",
    "written",
]
