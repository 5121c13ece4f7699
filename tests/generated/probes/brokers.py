"""Redis and RabbitMQ on free ports, with their data in a temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one on the PATH changes the user
START_TIMEOUT, STOP_TIMEOUT = 60, 10  # seconds


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class NoBroker:
    """Stands for the database, which workers ask for jobs themselves."""

    kind, url = "no broker", ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to stop."""


class Broker:
    """A server that can be stopped and started. Redis keeps nothing, RabbitMQ keeps its queues."""

    def __init__(self, kind: str) -> None:
        self.kind, self.port, self.epmd_port = kind, free_port(), free_port()
        scheme = {"redis": "redis://", "rabbitmq": "amqp://guest:guest@"}[kind]
        self.url = f"{scheme}127.0.0.1:{self.port}"
        self.distribution_port = free_port()

    def __enter__(self) -> Self:
        self.folder = tempfile.mkdtemp(prefix="test-broker-")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.kind == "rabbitmq":
            stop_epmd = ["epmd", "-port", str(self.epmd_port), "-kill"]
            end = time.monotonic() + STOP_TIMEOUT  # it refuses while it knows the node
            while subprocess.run(stop_epmd, check=False, capture_output=True).returncode != 0:
                if time.monotonic() > end:
                    raise RuntimeError("epmd does not stop")
                time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        command = [RABBITMQ]
        if self.kind == "redis":
            command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
            command += ["--save", "", "--appendonly", "no", "--dir", self.folder]
        environment = {
            "HOME": self.folder,
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/data",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq",
        }
        with (Path(self.folder) / "output").open("a") as output:
            self.process = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    output_text = (Path(self.folder) / "output").read_text()
                    raise RuntimeError(f"{self.kind} does not start:\n{output_text}") from error
                time.sleep(0.1)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
