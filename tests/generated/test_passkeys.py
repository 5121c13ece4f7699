"""Passkeys of docs/recipes/passkeys.md in a browser, with a virtual authenticator of Chromium."""

import json
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Error, sync_playwright

from tests.docs.executable_docs import read_blocks
from tests.docs.test_docs import CHECK, DOCS
from tests.generated.serving import JSON_HEADERS, run_just_dev
from tests.generated.test_front_end import front_end
from tests.support.combinations import Combination
from tests.support.commands import PASSWORD, run_command
from tests.support.databases import environment_variables
from tests.support.missing_tools import report_not_run
from tests.support.rendering import render_project

EMAIL = "someone@example.com"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
ADD_PASSKEY = """async ([api, username, password]) => {
    const { addPasskey } = await import("/passkeys.js");
    const body = new URLSearchParams({username, password});
    const post = (path) => fetch(api + path, {method: "POST", body, credentials: "include"});
    await post("/auth/session/login");
    await addPasskey(api, "Laptop", password);
    await post("/auth/session/logout");
    return (await fetch(api + "/users/me", {credentials: "include"})).status;
}"""
SIGN_IN = """async (api) => {
    const { signIn } = await import("/passkeys.js");
    await signIn(api);
    return (await (await fetch(api + "/users/me", {credentials: "include"})).json()).email;
}"""


@pytest.mark.slow
def test_browser_signs_in_with_passkey(template: Path, environment: Path, tmp_path: Path) -> None:
    if (chromium := shutil.which("chromium")) is None:
        report_not_run("There is no chromium: apt-get install chromium")
    project = render_project(template, tmp_path / "service", **Combination(auth=True).answers)
    front = project / "front"
    with front_end(front) as listed, front_end(front) as other:
        # Browsers accept no IP address as the domain of a passkey.
        listed, other = (url.replace("127.0.0.1", "localhost") for url in (listed, other))
        env = environment_variables(environment) | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/app.db",
            "CORS_ORIGINS": f"{listed},{other}",
            "FRONT_END_URL": listed,
        }
        add_passkeys(project, env)
        with run_just_dev(project, env) as address, sync_playwright() as playwright:
            account = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
            urlopen(Request(f"{address}/auth/register", account, JSON_HEADERS)).close()
            api = address.replace("127.0.0.1", "localhost")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            devtools = page.context.new_cdp_session(page)
            devtools.send("WebAuthn.enable")
            devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
            page.goto(listed)
            assert page.evaluate(ADD_PASSKEY, [api, EMAIL, PASSWORD]) == 401  # signed out
            assert page.evaluate(SIGN_IN, api) == EMAIL
            page.goto(other)
            with pytest.raises(Error, match="its answer is not valid"):
                page.evaluate(SIGN_IN, api)
            browser.close()


def add_passkeys(project: Path, env: dict[str, str]) -> None:
    """Follow the page, without its last step, which runs all tests."""
    run_command(project, env, "uv", "sync", "--quiet")
    for block in read_blocks(DOCS / "recipes" / "passkeys.md"):
        if block.title:
            (project / block.title).parent.mkdir(exist_ok=True)
            (project / block.title).write_text(block.text)
        elif CHECK not in block.text:
            run_command(project, env, "sh", "-euc", block.text)
