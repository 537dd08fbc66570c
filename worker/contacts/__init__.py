"""People to be reminded: what is a usable contact, and files of them."""
