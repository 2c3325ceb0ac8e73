-- tries - a guess is counted before it is looked at, and slowed down when there were many: per conversation, per dossier.
-- KEYS[1] counter t:<scope>
-- ARGV    now, id of this guess (the same one asks twice after a crash), guesses that are free, first pause ms (doubles with each
--         further guess), longest pause ms, "guess"; "look" counts nothing; "right": it was no guess after all
-- Returns {1 may try or 0, not before ms, guesses so far}
local now, free, first, most = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local f = redis.call('HMGET', KEYS[1], 'n', 'u', 'id')
local n, until_ms = tonumber(f[1] or '0'), tonumber(f[2] or '0')
if ARGV[6] == 'right' then
  if n > 0 then n = redis.call('HINCRBY', KEYS[1], 'n', -1) end
  if n < free then redis.call('HDEL', KEYS[1], 'u') end
  return { 1, 0, n }
end
if f[3] == ARGV[2] then return { 1, until_ms, n } end
if until_ms > now then return { 0, until_ms, n } end
if ARGV[6] == 'look' then return { 1, 0, n } end
n = n + 1
until_ms = n >= free and now + math.min(first * 2 ^ math.min(n - free, 20), most) or 0
redis.call('HSET', KEYS[1], 'n', n, 'u', string.format('%.0f', until_ms), 'id', ARGV[2])
redis.call('PEXPIRE', KEYS[1], math.max(2 * most, 86400000)) -- forgotten after a day without a guess
return { 1, until_ms, n }
