"""Chromium, without access to the internet."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.support.missing_tools import report_not_run


@contextmanager
def open_page(height: int) -> Iterator[Page]:
    if (chromium := shutil.which("chromium")) is None:
        report_not_run("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser.new_page(viewport={"width": 1200, "height": height})
        browser.close()
