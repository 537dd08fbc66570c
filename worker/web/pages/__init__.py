"""The pages that people look at: made on the server, one module a room, each calling `worker.api` alone.

rooms: all of them, put into the application ─ roles: which route takes which role, the one table
access: who is signed in, CSRF ─ rendering: templates and words ─ assets, headers: what browsers are told
now  session  …: the rooms; templates/ROOM/….html.j2 their pages, catalogue/pages/ROOM.py their words
"""
