"""What development and tests need around the worker: real PostgreSQL and Valkey servers, and a simulator of eSMS.

It imports nothing of the worker, so that other projects can use it and no misreading hides in both.
"""
