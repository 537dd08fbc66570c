"""How fast it is, measured on this machine: `python -m benchmarks` runs all of it, each script runs alone too.

No figure in `docs/speed.md` comes from anywhere else.
"""
