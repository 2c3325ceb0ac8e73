-- inbox_open - what a citizen's portal inbox holds after or before an offset, or the word that the offset is no good any more.
-- include _delivery
-- KEYS[1] citizen record c:<ckey>  KEYS[2] inbox ib:<ckey>
-- ARGV    an epoch to use when the inbox has none, the client's epoch ("" fresh), the client's offset, limit, before (0: no)
-- Returns {epoch, last offset, 'ok' | 'reload', list of {offset, ref, sealed text, at, 1 when read}}
redis.call('HSETNX', KEYS[1], 'ep', ARGV[1])
local f = redis.call('HMGET', KEYS[1], 'ep', 'seq')
local last, offset, limit, before = tonumber(f[2] or '0'), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
-- A list, not a stream: each new stream takes 4 kB at once, and most citizens have a handful of notices. The last item has the
-- last offset, so an item's place tells its offset.
local first = last - redis.call('LLEN', KEYS[2]) + 1
-- A gap must never be silent: another epoch, an offset from the future, or notices trimmed meanwhile.
if ARGV[2] ~= '' and (ARGV[2] ~= f[1] or offset > last or offset + 1 < first) then
  return { f[1], last, 'reload', {} }
end
local from, to
if ARGV[2] == '' and offset == 0 then -- a fresh page, or one that looks further back: the last ones, oldest of them first
  to = before > 0 and math.min(before - 1, last) or last
  from = math.max(first, to - limit + 1)
else
  from = math.max(first, offset + 1)
  to = math.min(last, from + limit - 1)
end
local out = {}
if to < from then return { f[1], last, 'ok', out } end
for i, item in ipairs(redis.call('LRANGE', KEYS[2], from - first, to - first)) do
  local nid, at, text = string.match(item, '^(%S+) (%S+) (.*)$')
  local n, k, seen = read(nid), '0', 0
  for _, step in ipairs(n and n.steps or {}) do
    if step.way == 'portal' then k = step.k end
  end
  if n and n['s' .. k] == 'seen' then seen = 1 end
  out[#out + 1] = { from + i - 1, nid .. 's' .. k .. 't01', text, at, seen }
end
return { f[1], last, 'ok', out }
