"""In a browser, a front end on another origin can sign in only if CORS_ORIGINS lists it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import sync_playwright

from tests.generated.serving import JSON_HEADERS, run_just_dev
from tests.support.combinations import Combination
from tests.support.commands import PASSWORD, run_command
from tests.support.databases import environment_variables
from tests.support.missing_tools import report_not_run
from tests.support.rendering import render_project

EMAIL = "someone@example.com"
SIGN_IN = """async ([api, username, password]) => {
    const body = new URLSearchParams({username, password});
    const options = {credentials: "include"};
    try {
        await fetch(`${api}/auth/session/login`, {method: "POST", body, ...options});
        const item = await fetch(`${api}/items`, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({name: `Lamp of ${location.origin}`}),
            ...options,
        });
        return [item.status, item.headers.get("Location") !== null];
    } catch (error) {
        return String(error);
    }
}"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def front_end(folder: Path) -> Iterator[str]:
    """Serve a page on an origin of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text("<title>Front end</title>")
    handler = partial(QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
def test_front_end_signs_in_with_cookie(template: Path, environment: Path, tmp_path: Path) -> None:
    if (chromium := shutil.which("chromium")) is None:
        report_not_run("There is no chromium: apt-get install chromium")
    project = render_project(template, tmp_path / "service", **Combination(auth=True).answers)
    with front_end(tmp_path / "front") as listed, front_end(tmp_path / "front") as other:
        env = environment_variables(environment) | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/app.db",
            "CORS_ORIGINS": listed,
        }
        run_command(project, env, "uv", "sync", "--quiet")
        run_command(project, env, "uv", "run", "alembic", "upgrade", "head")
        with run_just_dev(project, env) as address, sync_playwright() as playwright:
            account = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
            urlopen(Request(f"{address}/auth/register", account, JSON_HEADERS)).close()
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            results = {}
            for origin in (listed, other):
                page = browser.new_context().new_page()
                page.goto(origin)
                results[origin] = page.evaluate(SIGN_IN, [address, EMAIL, PASSWORD])
            browser.close()
    assert results == {listed: [201, True], other: "TypeError: Failed to fetch"}
