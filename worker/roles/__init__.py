"""Who may do what in Postgres: roles, grants, and whose rows are whose.

names: the roles            grants: role by table            policies, functions: rows by source
making: brings all of that about after a migration           logins: who may log in, and for which source
"""

from worker.roles.making import bring_about, make_way, missing_roles_now
from worker.roles.names import Role

__all__ = ["Role", "bring_about", "make_way", "missing_roles_now"]
