"""A Galera cluster of three nodes: what a generated project does while they fail.

Runs with the project's own Python, in its folder. The arguments are the file for what is wrong after
each fault, as JSON, and the path of Galera's library.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from subprocess import PIPE

import httpx2
from app.db.url import parse_url
from dev.process import Server, run_sql
from dev.server import PATH
from machines import (
    ITEMS,
    TIMEOUT,
    Findings,
    Load,
    Service,
    free_port,
    migrate,
    run_faults,
    services,
    stopping,
    wait_for,
)

RESULTS, GALERA = (Path(argument) for argument in sys.argv[1:])
UPDATES = 40  # through each node
QUICK = 2  # seconds
os.environ["PATH"] = PATH
LOCK = "FLUSH TABLES WITH READ LOCK"  # changes of other nodes are not applied


class Node:
    """A server of MariaDB that replicates with others."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.server = Server(folder)
        self.data = folder / "data"
        self.address = f"127.0.0.1:{self.server.port}"
        self.url = parse_url(f"mysql://root@{self.address}/test")
        self.group, self.copies, self.changes = (f"127.0.0.1:{free_port()}" for _ in range(3))

    def create(self) -> None:
        self.server.run(
            *["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db"],
            *["--auth-root-authentication-method=normal", "--skip-name-resolve"],
        )

    def start(self, stack: ExitStack, peers: str) -> None:
        running = self.server.running(
            self.url.set(database="mysql"),
            *["mariadbd", "--no-defaults", f"--datadir={self.data}", "--socket=socket"],
            *["--bind-address=127.0.0.1", f"--port={self.server.port}", "--skip-name-resolve"],
            *["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"],
            *["--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--pid-file=pid"],
            *["--wsrep-on=ON", f"--wsrep-provider={GALERA}", "--wsrep-sst-method=rsync"],
            *[f"--wsrep-cluster-address=gcomm://{peers}", f"--wsrep-node-address={self.group}"],
            f"--wsrep-sst-receive-address={self.copies}",
            "--wsrep-provider-options="
            f"gmcast.listen_addr=tcp://{self.group};ist.recv_addr={self.changes}",
            stop=signal.SIGKILL,
        )
        stack.enter_context(running)

    def kill(self) -> None:
        os.kill(int((self.data / "pid").read_text()), signal.SIGKILL)

    @contextmanager
    def running(self, statement: str) -> Iterator[None]:
        """Runs a statement in a session that stays open until the block ends.

        MariaDB's own client also connects to a node without a quorum.
        """
        command = ["mariadb", "--no-defaults", "--user=root", "--host=127.0.0.1", "--unbuffered"]
        client = subprocess.Popen(
            [*command, f"--port={self.server.port}"], stdin=PIPE, stdout=PIPE, text=True
        )
        assert client.stdin is not None and client.stdout is not None
        print(statement, "; SELECT 'done';", file=client.stdin, flush=True)
        client.stdout.readline()
        try:
            yield
        finally:
            client.communicate()


class Cluster:
    """Three nodes, and three services, each of which uses another node first."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.nodes = [Node(folder / str(number)) for number in range(3)]
        first, *others = self.nodes
        first.create()
        first.start(stack, peers="")
        for node in others:
            node.server.run("mkdir", node.data)  # it gets a copy of the data
            node.start(stack, peers=first.group)
        run_sql(first.url.set(database="mysql"), "CREATE DATABASE test")
        migrate(**self.environment(0))
        self.machines = [Service(f"machine-{n}", **self.environment(n)) for n in range(3)]
        stack.enter_context(stopping(self.machines))
        self.synchronous = self.machines[:2]

    def environment(self, first: int) -> dict[str, str]:
        hosts = [node.address for node in self.nodes[first:] + self.nodes[:first]]
        url = f"mysql://root@{','.join(hosts)}/test"
        return {"DATABASE_URL": url, "DATABASE_WSREP_SYNC_WAIT": "0" if first == 2 else "1"}


def one_row_is_updated_through_three_nodes(cluster: Cluster) -> Findings:
    """A conflict at COMMIT is retried, so that every update takes effect."""
    new = {"name": "counter"}
    path = httpx2.post(f"{cluster.machines[0].address}/items", json=new).headers["location"]

    def increment(machine: Service) -> list[int]:
        address = f"{machine.address}/increment/{path.rpartition('/')[2]}"
        once = httpx2.Limits(max_keepalive_connections=0)  # a 500 closes the connection
        with httpx2.Client(timeout=TIMEOUT, limits=once) as client:
            return [client.post(address).status_code for _ in range(UPDATES)]

    with ThreadPoolExecutor() as pool:
        statuses = Counter(chain.from_iterable(pool.map(increment, cluster.machines)))
    if statuses != {200: 3 * UPDATES}:
        yield f"the answers are {statuses}"
    for machine in cluster.synchronous:
        found = httpx2.get(f"{machine.address}{path}").json()["description"]
        if found != str(3 * UPDATES):
            yield f"the row has {found} after {3 * UPDATES} updates"


def rows_of_three_nodes_are_paginated(cluster: Cluster) -> Findings:
    """The integers that a node generates step by three. Each row is on one page."""
    with Load().running(cluster.machines, readers=0) as load:
        wait_for(load.goes_on(), "nothing is written")
    for machine in cluster.synchronous:
        names: list[str] = []
        path: str | None = ITEMS
        while path is not None:
            page = httpx2.get(f"{machine.address}{path}").json()
            names += [item["name"] for item in page["items"]]
            path = page["next"] and f"{ITEMS}&after={page['next']}"
        if load.created - set(names) or len(names) != len(set(names)):
            yield f"the pages of {len(load.created)} rows have {len(names)}, {len(set(names))}"


def nodes_lag_behind(cluster: Cluster) -> Findings:
    """A read waits for what another node has committed. Without the setting, it does not."""
    writer, reader, stale = cluster.machines
    with ThreadPoolExecutor() as pool:
        with ExitStack() as locks:
            for node in cluster.nodes[1:]:
                locks.enter_context(node.running(LOCK))
            path = httpx2.post(f"{writer.address}/items", json={"name": "new"}).headers["location"]
            waiting = pool.submit(httpx2.get, f"{reader.address}{path}", timeout=TIMEOUT)
            if (status := httpx2.get(f"{stale.address}{path}").status_code) != 404:
                yield f"without the setting, the answer is {status}"
            time.sleep(0.5)
            if waiting.done():
                yield "the read does not wait"
        if (status := waiting.result().status_code) != 200:
            yield f"the answer is {status}"


def node_is_killed(cluster: Cluster) -> Findings:
    """No row that was acknowledged is lost, and the others go on."""
    with Load().running(cluster.machines) as load:
        wait_for(load.goes_on(), "nothing is written")
        cluster.nodes[0].kill()
        start = time.monotonic()
        time.sleep(1)
        wait_for(load.goes_on(), "it does not write without the node")
        print(f"  writes again after {time.monotonic() - start:.2f} s")
    yield from load.check(cluster.nodes[1].url, "GET 200", "POST 201", also="POST 503")


def quorum_is_lost(cluster: Cluster) -> Findings:
    """One of the two other nodes is killed. Reads and writes get a 503 at once, until it is back."""
    last = cluster.nodes[2]
    with Load().running(cluster.machines) as load:
        wait_for(load.goes_on(), "nothing is written")
        cluster.nodes[1].kill()
        wait_for(lambda: load.statuses["GET 503"] > 10 < load.statuses["POST 503"], "no 503")
        with Load().running(cluster.machines) as refused:
            time.sleep(1)
        print(f"  refusals take at most {refused.longest:.2f} s")
        if refused.longest > QUICK or set(refused.statuses) != {"GET 503", "POST 503"}:
            yield f"it took {refused.longest:.2f} s to answer {dict(refused.statuses)}"
        with last.running("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'"):
            pass
        start = time.monotonic()
        wait_for(load.goes_on(), "it does not work again")
        print(f"  writes again after {time.monotonic() - start:.2f} s")
    yield from load.check(last.url, "GET 200", "GET 503", "POST 201", "POST 503")


def node_comes_back(cluster: Cluster) -> Findings:
    """It gets a copy of the data while the last node goes on, and then serves requests."""
    node, last = cluster.nodes[0], cluster.nodes[2]
    with Load().running(cluster.machines, writers=1, readers=1) as load:
        wait_for(load.goes_on(), "nothing is written")
        start = time.monotonic()
        node.start(cluster.stack, peers=last.group)
        print(f"  the node is back after {time.monotonic() - start:.2f} s")
        wait_for(load.goes_on(), "it does not write with the node")
        with services(1, **cluster.environment(0)) as new, Load().running(new) as through_node:
            wait_for(through_node.goes_on(), "nothing is written through the node")
    yield from load.check(last.url, "GET 200", "POST 201")
    yield from through_node.check(node.url, "GET 200", "POST 201")


def main() -> None:
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cluster-") as name, ExitStack() as stack:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), stack)
        print(f"three nodes after {time.monotonic() - start:.1f} s")
        faults = [one_row_is_updated_through_three_nodes, rows_of_three_nodes_are_paginated]
        faults += [nodes_lag_behind, node_is_killed, quorum_is_lost, node_comes_back]
        found = run_faults(cluster, faults)
    print(f"all after {time.monotonic() - start:.1f} s")
    RESULTS.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
