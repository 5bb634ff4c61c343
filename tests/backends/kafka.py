"""Kafka, one node in KRaft mode; its jars come from Maven once and stay in a cache."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.ports import free_port
from tests.programs import needed

from .server import Server

VERSION: Final = "3.9.1"
#: Where the jars stay; another folder by this variable.
VARIABLE: Final = "PLUGGABLE_KAFKA_JARS"
_POM: Final = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
#: A UUID in base64; a random one may begin with -, which the tool takes for an option.
_CLUSTER: Final = "MkU3OEVBNTcwNTJENDM2Qg"
_LOGIN: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_MECHANISMS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-512")
#: Small, and quick to start, as several servers share a machine.
_JAVA: Final = ("-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
#: ApiVersions, version 0, which a broker answers once it is ready for requests.
_API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class Kafka(Server):
    """A broker that is its own controller and makes topics as they are asked for; options are properties."""

    patience_seconds = 180.0

    def prepare(self) -> None:
        self._jars = jars()
        lines = (
            "process.roles=broker,controller",
            "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{(controller := free_port())}",
            f"listeners={self._listener()}://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            f"inter.broker.listener.name={self._listener()}",
            "controller.listener.names=CONTROLLER",
            f"log.dirs={self.folder}/data",
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=3",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            "log.cleaner.dedupe.buffer.size=2097152",
            *self.options,
        )
        (self.folder / "server.properties").write_text("\n".join(lines) + "\n")
        self.run(
            "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", "server.properties", *self._users()
        )

    def command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", "server.properties"]

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(_API_VERSIONS)
            return len(connection.recv(4)) == 4

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    def run(self, *words: str) -> None:
        """Run one of Kafka's tools in the server's folder."""
        subprocess.run([*self._java(), *words], cwd=self.folder, capture_output=True, check=True)

    def _listener(self) -> str:
        return "PLAINTEXT"

    def _users(self) -> list[str]:
        """Return what makes users as the log is formatted."""
        return []

    def _java(self) -> list[str]:
        return [needed("java"), *_JAVA, "-cp", f"{self._jars}/*"]


class GuardedKafka(Kafka):
    """Asks for the password of the user ``shop``, over SCRAM of either kind."""

    first_password: Final = "first-secret"
    _password = first_password

    def change_password(self, password: str) -> None:
        """Give the user another password; connections that are there stay, as is Kafka's way."""
        login = f'sasl.jaas.config={_LOGIN} username="shop" password="{self._password}";'
        words = ("security.protocol=SASL_PLAINTEXT", f"sasl.mechanism={_MECHANISMS[0]}", login)
        (self.folder / "admin.properties").write_text("\n".join(words) + "\n")
        at = ("--bootstrap-server", self.address, "--command-config", "admin.properties")
        user = ("--entity-type", "users", "--entity-name", "shop", "--alter")
        # One request alters one alone; last the one that the tool itself logs in by.
        for each in reversed(_MECHANISMS):
            what = ("--add-config", f"{each}=[password={password}]")
            self.run("kafka.admin.ConfigCommand", *at, *user, *what)
        self._password = password

    def prepare(self) -> None:
        by_listener = (
            f"listener.name.sasl_plaintext.{each.lower()}.sasl.jaas.config={_LOGIN};" for each in _MECHANISMS
        )
        self.options = (
            f"sasl.enabled.mechanisms={','.join(_MECHANISMS)}",
            f"sasl.mechanism.inter.broker.protocol={_MECHANISMS[0]}",
            "listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            *by_listener,
            *self.options,
        )
        super().prepare()

    def _listener(self) -> str:
        return "SASL_PLAINTEXT"

    def _users(self) -> list[str]:
        users = (f"{each}=[name=shop,password={self._password}]" for each in _MECHANISMS)
        return [word for user in users for word in ("--add-scram", user)]


def jars() -> Path:
    """Return the folder of Kafka's jars; the first who asks fetches them."""
    cache = Path.home() / ".cache" / "pluggable-tests"
    folder = Path(os.environ.get(VARIABLE, cache / f"kafka-{VERSION}"))
    if folder.exists():
        return folder
    maven = needed("mvn")
    folder.parent.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        (own / "pom.xml").write_text(_POM)
        fetch = (maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={own}/jars")
        subprocess.run(fetch, cwd=own, capture_output=True, check=True)
        # Others may fetch at the same time: whole folders take the place, and the first stays.
        if not folder.exists():
            (own / "jars").rename(folder)
    finally:
        shutil.rmtree(own, ignore_errors=True)
    return folder
