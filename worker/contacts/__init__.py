"""People to be reminded: what is a usable contact, and files of them in and out."""

from worker.contacts.accept import opt_in_of, opt_out_of, upsert_contacts, upsert_fields
from worker.contacts.checks import check
from worker.contacts.contact_fields import KEEP, ContactFields

__all__ = ["KEEP", "ContactFields", "check", "opt_in_of", "opt_out_of", "upsert_contacts", "upsert_fields"]
