"""
Floods: numbered messages through a broker while their consumer is killed and the broker restarted.

Any broker's test uses it: ``flood`` publishes by the component in this process, and consumes by the same
component in processes of its own, which SIGKILL ends in the midst of handling. It returns a `Ledger`.
"""

from __future__ import annotations

from .flood import Plan as Plan, flood as flood
from .ledger import Ledger as Ledger
