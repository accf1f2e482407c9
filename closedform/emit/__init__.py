"""Notations and array code.  Importing this package enters the notations into `core.expr.PRINTERS`."""

from closedform.emit import latex, text, unicode

__all__ = ["latex", "text", "unicode"]
