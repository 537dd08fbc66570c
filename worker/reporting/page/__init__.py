"""A page to keep: what was sent and what came of it, as one HTML file that needs nothing else.

gathering: the figures    charts: pictures as shapes    periods: days, weeks or months
rendering ─ page.html.j2 around body.html.j2
"""

from worker.reporting.page.gathering import Figures, figures
from worker.reporting.page.rendering import body_of, rendered

__all__ = ["Figures", "body_of", "figures", "rendered"]
