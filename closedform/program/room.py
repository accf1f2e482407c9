"""How much memory there is, and bytes in words."""

from __future__ import annotations

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def available() -> int:
    """Bytes of memory that a new array may have: what the kernel says, or all there is where it says nothing."""
    if MEMINFO.exists():
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def in_words(count: int) -> str:
    """Bytes as people say them.

    >>> in_words(800), in_words(2_400_000_000_000)
    ('800 bytes', '2.4 TB')
    """
    power = min(max(len(str(count)) - 1, 0) // 3, len(UNITS) - 1)
    return f"{count / 1000**power:,.1f} {UNITS[power]}" if power else f"{count} {UNITS[0]}"
