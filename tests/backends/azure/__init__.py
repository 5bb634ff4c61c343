"""
A test double of Azure Service Bus, as a process: AMQP 1.0 on Qpid Proton, without TLS as its emulator is.

It has what the clients here use: the claims-based handshake with signatures that are checked, queues, topics
with subscriptions (made when first named), peek-lock with locks that run out and are renewed, delivery
counts, dead letters, times to live, scheduled messages, batches, and entities that are full, by a quota of
bytes. It has no sessions, filters or transactions, nor the service's other limits and its speed. What it
holds stands in a journal and outlives a kill.
"""

from __future__ import annotations

from typing import Final

#: The name of the key that all who connect have.
POLICY: Final = "RootManageSharedAccessKey"
