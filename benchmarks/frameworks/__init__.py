"""The plain way in other frameworks: one task per message, a row committed before and after the call.

All share the table, the body of the task and a `requests.Session` kept by each thread (`work.py`); each is set up as
its own documents say, with several pools and concurrencies, of which the fastest counts. Celery stands here too, with
a session kept, which the plain way (`benchmarks/plain_celery.py`) does not have.
"""
