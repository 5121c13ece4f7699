"""Swagger UI in a browser, without access to the internet."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page

from tests.generated.browser import open_page
from tests.generated.serving import JSON_HEADERS, run_just_dev
from tests.support.combinations import Combination
from tests.support.commands import PASSWORD, run_command
from tests.support.databases import environment_variables
from tests.support.rendering import render_project
from tests.support.template import ROOT

EMAIL = "someone@example.com"
SCREENSHOT = ROOT / "build" / "swagger_ui.png"  # docs/ has a copy of it


@pytest.mark.slow
def test_swagger_ui_signs_in_and_creates_an_item(
    template: Path, environment: Path, tmp_path: Path
) -> None:
    project = render_project(template, tmp_path / "service", **Combination(auth=True).answers)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    run_command(project, env, "uv", "sync", "--quiet")
    run_command(project, env, "uv", "run", "alembic", "upgrade", "head")
    with run_just_dev(project, env) as address, open_page(height=700) as page:
        account = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
        urlopen(Request(f"{address}/auth/register", account, JSON_HEADERS)).close()
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(f"{address}/docs")
        sign_in(page)
        create_item(page)
        page.locator(".responses-inner").first.evaluate("element => element.scrollIntoView()")
        SCREENSHOT.parent.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOT)
    outside = [url for url in requested if not url.startswith((address, "data:"))]
    assert outside == []


def sign_in(page: Page) -> None:
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.get_by_label("username:").fill(EMAIL)
    page.get_by_label("password:").fill(PASSWORD)
    page.get_by_role("button", name="Apply given OAuth2 credentials").click()
    page.get_by_role("button", name="Remove authorization").wait_for()
    page.get_by_role("button", name="Close", exact=True).first.click()


def create_item(page: Page) -> None:
    route = page.locator(".opblock-post", has=page.get_by_text("Create Item", exact=True))
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.locator("textarea").fill('{"name": "Lamp", "description": "It shines."}')
    route.get_by_role("button", name="Execute").click()
    status = route.locator(".live-responses-table .response .response-col_status")
    assert status.inner_text().split()[0] == "201"
    assert "Lamp" in route.locator(".live-responses-table .response").inner_text()
