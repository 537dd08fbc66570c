"""The HTTP door: one call into `worker.api` for each request, and nothing else. Needs the extra `http`.

app: routes and what holds for all ─ serving: the process
messages  campaigns  people  texts  account  health: the routes
access: who is let in, and how fast ─ names, parameters: of an address ─ bodies ─ problems
gathering: many small requests, one transaction
metrics/: another process, which a monitoring system asks; it does without the extra `http`
"""
