-- dossier - events have been dealt with: the dossier's record moves on, the journal entries go.
-- KEYS[1] lease  KEYS[2] stream in
-- ARGV    epoch, then per event 7 values: id, code, status ("" = keep), time, sealed summary ("" = keep), line for the timeline, expire_s
-- Returns number of entries removed; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local removed = 0
for at = 2, #ARGV, 7 do
  local id, code, status, time, summary, line, expire = unpack(ARGV, at, at + 6)
  local d = P .. 'd:' .. code
  if redis.call('XDEL', KEYS[2], id) == 1 then
    removed = removed + 1
    local set = { 'v' .. id, line }
    if status ~= '' then set[3], set[4], set[5], set[6] = 'st', status, 'at', time end
    if summary ~= '' then set[#set + 1], set[#set + 2] = 'sum', summary end
    redis.call('HSET', d, unpack(set))
    redis.call('EXPIRE', d, expire)
  end
end
return removed
