"""Expressions of other systems: SymPy, both ways."""
