"""A primary, a hot standby and PgBouncer: what a generated project does while they fail.

Runs with the project's own Python, in its folder. The arguments are the file for what is wrong after
each fault, as JSON, and the path of PgBouncer, if it is installed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
from app.db.url import parse_url
from dev.process import UID, Server, run_sql
from dev.server import can_run, copy_binaries, find_binaries
from machines import (
    Findings,
    Load,
    answers,
    migrate,
    plain,
    query,
    run_faults,
    services,
    wait_for,
)

RESULTS, *PGBOUNCERS = (Path(argument) for argument in sys.argv[1:])
OPTIONS = ["-c", "wal_keep_size=1GB", "-c", "wal_receiver_timeout=3s"]
OPTIONS += ["-c", "wal_retrieve_retry_interval=200ms", "-c", "fsync=off"]
# This keeps shared memory in the data folder. A killed server would leave files in /dev/shm.
OPTIONS += ["-c", "dynamic_shared_memory_type=mmap"]
PGBOUNCER = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
"""


class Node:
    """A server of PostgreSQL that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.server = Server(folder)
        self.data = folder / "data"
        self.url = parse_url(f"postgresql://postgres@127.0.0.1:{self.server.port}/test")
        self.address = f"127.0.0.1:{self.server.port}"

    def create(self, binaries: Path) -> None:
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.server.run(binaries / "initdb", "-D", self.data, *options)

    def follow(self, primary: "Node") -> None:
        """Copies a primary before it starts for the first time."""
        self.server.run("cp", "-r", primary.data, self.data)
        self.server.run("touch", self.data / "standby.signal")
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"primary_conninfo = 'host=127.0.0.1 port={primary.server.port} user=postgres'\n"
            )

    def start(self, binaries: Path, stack: ExitStack) -> None:
        command = [binaries / "postgres", "-D", self.data, "-k", "", "-h", "127.0.0.1"]
        url = self.url.set(database="postgres")
        running = self.server.running(
            url, *command, "-p", str(self.server.port), *OPTIONS, stop=signal.SIGINT
        )
        stack.enter_context(running)

    def kill(self) -> None:
        file = self.data / "postmaster.pid"
        os.kill(int(file.read_text().split()[0]), signal.SIGKILL)  # its children end soon
        file.unlink()  # it stays a zombie of its watchdog, which the next start would respect


class Cluster:
    """A primary and a standby, and a service that writes to the one and reads from the other."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.primary, self.standby = Node(folder / "primary"), Node(folder / "standby")
        found = find_binaries()
        assert found is not None
        self.binaries = found
        if not can_run(self.primary.server, found):
            self.binaries = copy_binaries(found, folder)
        self.primary.create(self.binaries)
        self.standby.follow(self.primary)
        self.primary.start(self.binaries, stack)
        run_sql(self.primary.url.set(database="postgres"), "CREATE DATABASE test")
        self.standby.start(self.binaries, stack)
        migrate(DATABASE_URL=plain(self.primary.url))
        hosts = f"{self.standby.address},{self.primary.address}"  # it has to choose the second one
        self.environment = {
            "DATABASE_URL": f"postgresql://postgres@{hosts}/test?target_session_attrs=read-write",
            "DATABASE_READ_URL": plain(self.standby.url),
        }
        self.wait_until_replayed()

    def wait_until_replayed(self) -> None:
        (position,) = query(self.primary.url, "SELECT pg_current_wal_lsn()::text")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
        wait_for(lambda: answers(self.standby.url, replayed, True), "the standby does not follow")


def standby_lags_behind(cluster: Cluster) -> Findings:
    """The client that has written reads its row, another one does not, until it is replicated."""
    with services(1, **cluster.environment) as (machine,):
        run_sql(cluster.standby.url, "SELECT pg_wal_replay_pause()")
        with (
            httpx2.Client(base_url=machine.address) as own,
            httpx2.Client(base_url=machine.address) as other,
        ):
            path = own.post("/items", json={"name": "new"}).headers["location"]
            found = [own.get(path).status_code, other.get(path).status_code]
            found.append(other.get(path, headers={"Cache-Control": "no-cache"}).status_code)
            if found != [200, 404, 200]:
                yield f"the answers are {found}"
            run_sql(cluster.standby.url, "SELECT pg_wal_replay_resume()")
            cluster.wait_until_replayed()
            if (status := other.get(path).status_code) != 200:
                yield f"the answer is {status} after the replication"


def standby_is_killed(cluster: Cluster) -> Findings:
    """No read fails, the log has one warning, and later the standby gets reads again."""
    with services(1, **cluster.environment) as (machine,), Load().running([machine]) as load:
        time.sleep(1)
        cluster.standby.kill()
        wait_for(lambda: "standby is away" in machine.log.read_text(), "no warning")
        time.sleep(2)
        cluster.standby.start(cluster.binaries, cluster.stack)
        again = "reading from the standby again"
        wait_for(lambda: again in machine.log.read_text(), "the standby is not used again")
    if (warnings := machine.log.read_text().count("standby is away")) != 1:
        yield f"there are {warnings} warnings"
    yield from load.check(cluster.primary.url, "GET 200", "POST 201")


def primary_is_killed(cluster: Cluster) -> Findings:
    """No row that was acknowledged is lost, reads go on, and writes get a 503 until the promotion."""
    run_sql(cluster.primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    run_sql(cluster.primary.url, "SELECT pg_reload_conf()")
    state = "SELECT sync_state FROM pg_stat_replication"
    wait_for(lambda: answers(cluster.primary.url, state, "sync"), "it is not synchronous")
    with services(1, **cluster.environment) as (machine,), Load().running([machine]) as load:
        wait_for(load.goes_on(), "nothing is written")
        cluster.primary.kill()
        wait_for(lambda: load.statuses["POST 503"] > 10, "no 503")
        run_sql(cluster.standby.url, "SELECT pg_promote()")
        start = time.monotonic()
        wait_for(lambda: load.last_created > start, "it does not write to the new primary")
        print(f"  writes again {load.last_created - start:.2f} s after the promotion")
        wait_for(load.goes_on(), "it writes once")
    yield from load.check(cluster.standby.url, "GET 200", "POST 201", "POST 503")


def pgbouncer_and_three_machines(cluster: Cluster) -> Findings:
    """Three processes share four connections. The migration goes past PgBouncer."""
    (pgbouncer,) = PGBOUNCERS
    server = cluster.standby  # the primary now
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        port = Server(Path(name)).port
        pooled = server.url.set(port=port, database="pooled")
        environment = {
            "DATABASE_URL": plain(pooled),
            "DATABASE_POOLER": "transaction",
            "MIGRATIONS_DATABASE_URL": plain(server.url.set(database="pooled")),
        }
        run_sql(server.url, "CREATE DATABASE pooled")
        migrate(**environment)  # before PgBouncer runs
        with running_pgbouncer(pgbouncer, Path(name), server.server.port, port):
            machines = stack.enter_context(services(3, **environment))
            with Load().running(machines) as load:
                time.sleep(4)
            count = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled'"
            if (connections := query(server.url, count)[0]) > 4:
                yield f"there are {connections} connections"
            yield from load.check(pooled, "GET 200", "POST 201")
            load = stack.enter_context(Load().running(machines))
            wait_for(load.goes_on(), "nothing is written")
        wait_for(lambda: load.statuses["POST 503"] > 10, "no 503 without PgBouncer")
        with running_pgbouncer(pgbouncer, Path(name), server.server.port, port):
            wait_for(load.goes_on(), "it does not work again")
            stack.close()
            yield from load.check(pooled, "GET 200", "GET 503", "POST 201", "POST 503")


@contextmanager
def running_pgbouncer(program: Path, folder: Path, server: int, port: int) -> Iterator[None]:
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text('"postgres" ""\n')
    settings.write_text(PGBOUNCER.format(server=server, port=port, users=users))
    process = subprocess.Popen([program, "--quiet", settings], cwd=folder, user=UID)
    url = parse_url(f"postgresql://postgres@127.0.0.1:{port}/postgres")
    try:
        wait_for(lambda: answers(url, "SELECT 1", 1), "PgBouncer does not start")
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cluster-") as name, ExitStack() as stack:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), stack)
        faults = [standby_lags_behind, standby_is_killed, primary_is_killed]
        faults += [pgbouncer_and_three_machines] if PGBOUNCERS else []
        found = run_faults(cluster, faults)
    RESULTS.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
