"""
The one script that changes state: it checks all operations, then applies them, or tells which one met what.

Facts: components-contrib ``state/redis/redis.go``. A value is a hash with ``data``, ``version`` (from 1, one
more with each write: the ETag) and ``first-write``, which a first-write set leaves; a key of another type is
replaced.

Unlike daprd's, which run one by one and cannot be rolled back, the operations of a transaction happen all or
not at all; an ETag for a key that is gone is refused; and a plain set overwrites what first-write stored.
"""

from __future__ import annotations

import hashlib
from typing import Final

#: An operation's arguments in ARGV: ``S`` or ``D``, ETag or "", "1" for first-write, seconds to live (""
#: leaves the time to live as it is, "0" lets the key live for ever), data.
WIDTH: Final = 5

APPLY: Final = """
local versions = {}

local function version_of(key)
  local known = versions[key]
  if known == nil then
    known = redis.pcall('HGET', key, 'version')
    if type(known) == 'table' then known = false end
    versions[key] = known
  end
  return known
end

for i, key in ipairs(KEYS) do
  local at = (i - 1) * 5
  local kind, etag, first = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local version = version_of(key)
  if (etag ~= '' and version ~= etag) or (etag == '' and first == '1' and version) then
    return {i, version or ''}
  end
  if kind == 'S' then
    versions[key] = string.format('%.0f', (tonumber(version or '0') or 0) + 1)
  else
    versions[key] = false
  end
end

for i, key in ipairs(KEYS) do
  local at = (i - 1) * 5
  local kind, first, life, data = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  if kind == 'D' then
    redis.call('DEL', key)
  else
    local held = redis.call('TYPE', key).ok
    if held ~= 'hash' and held ~= 'none' then redis.call('DEL', key) end
    redis.call('HSET', key, 'data', data)
    if first == '1' then redis.call('HSET', key, 'first-write', 0) end
    redis.call('HINCRBY', key, 'version', 1)
    if life == '0' then
      redis.call('PERSIST', key)
    elseif life ~= '' then
      redis.call('EXPIRE', key, life)
    end
  end
end
return {0, ''}
"""

APPLY_SHA: Final = hashlib.sha1(APPLY.encode(), usedforsecurity=False).hexdigest()
