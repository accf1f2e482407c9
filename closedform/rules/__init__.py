"""Rewrite tables: identities one can read aloud.  Importing this package puts them to work."""

from closedform.core.rewrite import Rule, enter
from closedform.rules.diagonal import DIAGONAL
from closedform.rules.entrywise import ENTRYWISE
from closedform.rules.reductions import REDUCTIONS
from closedform.rules.symmetric import SYMMETRIC

TABLES: dict[str, list[Rule]] = {
    "diagonal": DIAGONAL,
    "entrywise": ENTRYWISE,
    "reductions": REDUCTIONS,
    "symmetric": SYMMETRIC,
}

for _table in TABLES.values():
    enter(_table)
