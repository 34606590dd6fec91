"""A headless browser of the system, for pictures of pages and for tests of them.

Nothing is downloaded: Playwright drives a Chromium or Chrome that is there.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
VARIABLE = "LEASTLOSS_BROWSER"
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)


def find_browser() -> str:
    """The path of a browser: what LEASTLOSS_BROWSER names, else one on PATH, else empty."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return named if Path(named).is_file() else ""
    return next((found for name in NAMES if (found := shutil.which(name))), "")


@contextmanager
def browser(path: str) -> Iterator[Any]:
    """Start a headless browser; yields Playwright's ``Browser``."""
    from playwright.sync_api import sync_playwright

    # Chromium's sandbox does not work for the superuser, as in a container.
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=[*QUIET, *alone])
        try:
            yield opened
        finally:
            opened.close()
