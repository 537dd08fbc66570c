"""`python -m worker.cli` is `esms-worker`."""

from worker.cli import main

main()
