"""Messages from brokers to the application: which are wanted, where they go, what becomes of them."""

from __future__ import annotations

from .outbox import OutboxRelay as OutboxRelay
from .running import Subscriptions as Subscriptions
