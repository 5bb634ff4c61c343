"""What a state store's metadata says to the sidecar, checked before the store is sent its Init."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ...errors import MetadataError
from ..blocks.keys import SEPARATOR
from ..blocks.properties import property_of
from ..encryption import encryption_of
from ..resources import Component

logger: logging.Logger = logging.getLogger(__name__)


def check_store(spec: Component, properties: Mapping[str, str]) -> None:
    """
    Return if the sidecar can do as the metadata says.

    Raises:
        MetadataError: it cannot: an encryption key that is none, or a prefix with the separator in it.
    """
    prefix = property_of(properties, "keyPrefix")
    if SEPARATOR in prefix:
        raise MetadataError([f"input key/keyPrefix '{prefix.lower()}' can't contain '{SEPARATOR}'"])
    if encryption_of(spec, properties) is not None:
        logger.info("Automatic encryption enabled for state store %s", spec.name)
