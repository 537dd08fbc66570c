"""Who may do what in Postgres: roles, grants, and whose rows are whose.

names: the roles            grants: role by table            policies, functions: rows by source
applying: makes it so after each migration                    logins: who may log in, and for which source
"""

from worker.roles.applying import bring_about, make_way, missing_roles_now
from worker.roles.names import Role

__all__ = ["Role", "bring_about", "make_way", "missing_roles_now"]
