"""Jobs are added in the unit of work of a request. Without a worker, the service runs them."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from httpx2 import AsyncClient

from app.api import include_domain
from app.db.database import Database, TransactionConflict
from app.db.session import Repository
from app.jobs.queue import JobsDep
from app.jobs.settings import JobSettings
from tests.database import make_commit_fail
from tests.jobs.conftest import rows
from tests.jobs.tasks import done, errors, note

routes = APIRouter(prefix="/test-jobs")
conflicts: list[TransactionConflict] = []


class AnyRepository(Repository):
    """Has the session of the request."""


@routes.post("/add")
async def add(jobs: JobsDep) -> None:
    await jobs.add(note, "added")
    if conflicts:
        raise conflicts.pop()


@routes.post("/refuse")
async def refuse(jobs: JobsDep) -> None:
    await jobs.add(note, "refused")
    raise HTTPException(418, "no")


@routes.post("/commit-fails")
async def commit_fails(
    jobs: JobsDep, repository: Annotated[AnyRepository, Depends(AnyRepository.provide)]
) -> None:
    await jobs.add(note, "not committed")
    await make_commit_fail(repository.session)


@pytest.fixture(scope="module", autouse=True)
def included(app: FastAPI) -> None:
    include_domain(app, routes)


async def test_job_runs_after_the_commit(client: AsyncClient, db: Database) -> None:
    assert (await client.post("/test-jobs/add")).status_code == 200
    assert (done, await rows(db)) == (["added"], [])


@pytest.mark.parametrize("path", ["refuse", "commit-fails"])
async def test_no_job_after_a_rollback(client: AsyncClient, db: Database, path: str) -> None:
    assert (await client.post(f"/test-jobs/{path}")).status_code >= 400
    assert (await client.post("/test-jobs/add")).status_code == 200
    assert (done, await rows(db)) == (["added"], [])


async def test_one_job_after_a_transaction_conflict(client: AsyncClient) -> None:
    conflicts.append(TransactionConflict())
    assert (await client.post("/test-jobs/add")).status_code == 200
    assert (done, conflicts) == (["added"], [])


async def test_job_has_the_id_of_the_request(client: AsyncClient, db: Database) -> None:
    errors.append(ZeroDivisionError())
    await client.post("/test-jobs/add", headers={"X-Request-ID": "the-request"})
    [job] = await rows(db)
    assert (job.request_id, job.task, job.attempts) == ("the-request", note.name, 1)


async def test_service_leaves_jobs_to_a_worker(
    client: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobSettings, "has_worker", property(lambda _: True))
    assert (await client.post("/test-jobs/add")).status_code == 200
    assert (done, len(await rows(db))) == ([], 1)
