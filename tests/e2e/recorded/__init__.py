"""What a daprd wrote into a SQLite file, and the components by which it did: ``state.sql``."""

from __future__ import annotations

import json
from pathlib import Path

APP_ID = "orders"
FILE = Path(__file__).parent / "state.sql"
OBJECT = {"a": [1, "ü<"]}
#: Sixty years, in seconds: longer than this file is read, and what 32 bits hold.
YEARS = 60 * 365 * 86400
#: The secrets by name; the first is the key of today, the second that of before.
KEYS = {"key-2": "00112233445566778899aabbccddeeff" * 2, "key-1": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}

_STORE = """
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec:
  type: state.sqlite
  version: v1
  metadata:
    - {{name: connectionString, value: {database}}}
    - {{name: tableName, value: {name}}}
    - {{name: cleanupInterval, value: ""}}
    - {{name: metadataTableName, value: {name}_metadata}}
"""
_KEY = """    - {{name: {property}, secretKeyRef: {{name: {secret}, key: {secret}}}}}
"""


def stores(folder: Path, database: Path) -> None:
    """
    Write the stores into a folder for YAML.

    ``plain`` and ``secret``, ``retired`` with the key of before, and ``turned``, its table with both keys.
    """
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(KEYS))
    (folder / "vault.yaml").write_text(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: vault}\n"
        "spec:\n  type: secretstores.local.file\n  version: v1\n"
        f"  metadata: [{{name: secretsFile, value: {secrets}}}]\n"
    )
    _store(folder, "plain", database)
    _store(folder, "secret", database, primaryEncryptionKey="key-2")
    _store(folder, "retired", database, primaryEncryptionKey="key-1")


def turned(folder: Path, database: Path) -> None:
    """Let the store that had the key of before have the one of today, and that of before beside it."""
    _store(folder, "retired", database, primaryEncryptionKey="key-2", secondaryEncryptionKey="key-1")


def _store(folder: Path, name: str, database: Path, **keys: str) -> None:
    text = _STORE.format(name=name, database=database)
    text += "".join(_KEY.format(property=each, secret=secret) for each, secret in keys.items())
    (folder / f"{name}.yaml").write_text(text + ("auth: {secretStore: vault}\n" if keys else ""))
