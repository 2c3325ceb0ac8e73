-- inbox_open - what a citizen's portal inbox holds after or before an offset, or the word that the offset is no good any more.
-- include _delivery
-- KEYS[1] citizen record c:<ckey>  KEYS[2] inbox ib:<ckey>
-- ARGV    an epoch to use when the inbox has none, the client's epoch ("" fresh), the client's offset, limit, before (0: no)
-- Returns {epoch, last offset, 'ok' | 'reload', list of {offset, ref, sealed text, at, 1 when read}}
redis.call('HSETNX', KEYS[1], 'ep', ARGV[1])
local f = redis.call('HMGET', KEYS[1], 'ep', 'seq')
local last, offset, limit, before = tonumber(f[2] or '0'), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
local first = oldest[1] and tonumber(string.match(oldest[1][1], '^%d+')) or last + 1
-- A gap must never be silent: another epoch, an offset from the future, or notices trimmed meanwhile.
if ARGV[2] ~= '' and (ARGV[2] ~= f[1] or offset > last or offset + 1 < first) then
  return { f[1], last, 'reload', {} }
end
local entries
if ARGV[2] == '' and offset == 0 then -- a fresh page, or one that looks further back: the last ones, oldest of them first
  entries = redis.call('XREVRANGE', KEYS[2], before > 0 and '(' .. ARGV[5] .. '-0' or '+', '-', 'COUNT', limit)
  for i = 1, math.floor(#entries / 2) do entries[i], entries[#entries + 1 - i] = entries[#entries + 1 - i], entries[i] end
else
  entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[3] .. '-0', '+', 'COUNT', limit)
end
local out = {}
for _, e in ipairs(entries) do
  local nid, text, at = e[2][2], e[2][4], e[2][6]
  local key, k, read = nkey(nid), 0, 0
  for i, step in ipairs(plan_of(redis.call('HGET', key, 'plan') or '')) do
    if step.way == 'portal' then k = i - 1 end
  end
  if redis.call('HGET', key, 's' .. k) == 'seen' then read = 1 end
  out[#out + 1] = { tonumber(string.match(e[1], '^%d+')), nid .. 's' .. k .. 't01', text, at, read }
end
return { f[1], last, 'ok', out }
