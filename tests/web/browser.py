"""Chromium for the tests: one driver for each set of wishes; where there is none, tests skip, but fail in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars",
             "--disable-component-update", "--no-first-run", "--lang=en")  # fmt: skip


def chromium() -> tuple[str, str]:
    """The browser and its driver."""
    found = [
        next(filter(None, map(shutil.which, names)), "") for names in (("chromium", "google-chrome"), ("chromedriver",))
    ]
    if not all(found):
        reason = "no Chromium with its driver: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found[0], found[1]


@contextmanager
def browser(width: int = 1280, height: int = 1000, dark: bool = False) -> Iterator[Any]:
    """A driver with a page of that size; at its end the console must be empty: no error, no violation of the policy."""
    from selenium import webdriver

    program, driver = chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        made.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        made.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        made.execute_cdp_cmd(
            "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        )
        yield made
        complaints = [
            e for e in made.get_log("browser") if "status of 4" not in e["message"]
        ]  # an answer may be an error
        assert not complaints
    finally:
        made.quit()
