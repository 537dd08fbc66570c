"""Everything that is said to people in Vietnamese and English, in one place; pure.

text              one saying in both languages
statuses, names   what our own words are called, what a status means and what to do about it
reasons           what the worker writes down as a reason, read back in either language, with its remedy
story             the sentences of `why`
advice            reason and remedy of one message, from all of these and eSMS's codes
"""

from worker.catalogue.advice import Advice, advice, function_of
from worker.catalogue.reasons import in_language, is_known
from worker.catalogue.text import Language, Text

__all__ = ["Advice", "Language", "Text", "advice", "function_of", "in_language", "is_known"]
