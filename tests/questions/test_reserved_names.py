"""The names that domains and fields cannot have, compared with those of a service."""

from pathlib import Path

import pytest

from tests.support.combinations import Combination
from tests.support.commands import run_command
from tests.support.databases import environment_variables
from tests.support.domains import DomainRenderer, domain
from tests.support.rendering import Render

WITH_USERS = Combination("asyncpg", auth=True)
PRINT_ATTRIBUTES = """
from app.db.ids import HasId
from app.db.models import Timestamps
print(*(name for model in (HasId, Timestamps) for name in [*dir(model), *model.model_fields]))
"""


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> DomainRenderer:
    return DomainRenderer(tmp_path_factory.mktemp("template"))


def test_modules_are_no_domains(renderer: DomainRenderer, render: Render) -> None:
    for folder in (render(WITH_USERS) / "app", render(WITH_USERS) / "tests"):
        names = {path.stem for path in folder.iterdir()} - {"__init__", "items"}
        accepted = [name for name in names if not renderer.refusal([domain(name, one="thing")])]
        assert accepted == [], folder.name


@pytest.mark.slow
def test_attributes_of_models_are_no_fields(
    renderer: DomainRenderer, render: Render, environment: Path
) -> None:
    project, env = render(WITH_USERS), environment_variables(environment)
    run_command(project, env, "uv", "sync", "--quiet")
    found = run_command(project, env, "uv", "run", "--no-sync", "python", "-c", PRINT_ATTRIBUTES)
    names = {name for name in found.split() if not name.startswith("_")} | {"owner", "registry"}
    assert {"created_at", "id", "metadata", "model_config", "validate"} < names
    accepted = [name for name in names if not renderer.refusal([domain("orders", f"{name}:int")])]
    assert accepted == []
    fields = renderer.worker().jinja_env.get_template("hooks/domains/fields.txt.jinja")
    reserved: list[str] = getattr(fields.module, "attributes")  # noqa: B009 - a name in the template
    assert set(reserved) - names == {"owner_id"}
