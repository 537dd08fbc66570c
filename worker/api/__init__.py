"""All that anyone can do to data, typed: the command line, the Celery tasks and a producer's own code call this."""
