"""Mosquitto, which keeps sessions and messages over a restart."""

from __future__ import annotations

import getpass
import socket

from tests.programs import needed

from .server import Server


class Mosquitto(Server):
    """An MQTT broker; options are lines of its configuration, before them the first listener."""

    def prepare(self) -> None:
        lines = (
            f"listener {self.port} 127.0.0.1",
            "max_queued_messages 0",  # an option may set another end
            f"user {getpass.getuser()}",  # root would become another, who may not write here
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",  # writes all that it holds for every message
            *(self.options or ("allow_anonymous true",)),
        )
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [needed("mosquitto"), "-c", str(self.folder / "mosquitto.conf")]

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True
