-- staff_put - makes an account or changes fields of one.
-- KEYS[1] sf:<login>  KEYS[2] sfs  KEYS[3] sl:<hash of the login>  KEYS[4] acts  KEYS[5] ss:<session that stays>
-- ARGV    login, "new" or "old", "1": older sessions end, act, by whom, then field, value, …
-- Returns 1; 0 when a new one exists already, or an old one does not
local exists = redis.call('EXISTS', KEYS[1]) == 1
if exists == (ARGV[2] == 'new') then return 0 end
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
if ARGV[3] == '1' then
  local gen = redis.call('HINCRBY', KEYS[1], 'gen', 1)
  if redis.call('HGET', KEYS[5], 'login') == ARGV[1] then redis.call('HSET', KEYS[5], 'gen', gen) end
end
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'act', ARGV[4], 'login', ARGV[5], 'about', ARGV[1])
redis.call('PUBLISH', 'loa:staff', ARGV[1])
return 1
