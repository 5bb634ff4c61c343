"""The pool of the generated messages; every module below this one is made by ``protos/generate.py``."""

from __future__ import annotations

from functools import cache

from google.protobuf.descriptor_pool import DescriptorPool


@cache
def pool() -> DescriptorPool:
    """
    The pool that holds our messages, the well-known types and ``google.rpc`` among them.

    The default pool refuses a second copy of a file, and the official ``dapr`` client brings its own.
    A message of that pool is not one of ours: to move one across, go through its bytes.
    """
    return DescriptorPool()
