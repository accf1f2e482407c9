"""Libraries that only some of the functions need."""

from __future__ import annotations

from closedform.errors import RequestError


def not_installed(module: str, extra: str) -> RequestError:
    """The error where such a library is missing, and how it is had."""
    return RequestError(f"this needs {module}, which is not installed", hint=f"pip install 'closedform[{extra}]'")
