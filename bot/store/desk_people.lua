-- desk_people - which officers are connected: this process tells its own and learns of all.
-- KEYS[1] zset dp: logins by when they were last seen  KEYS[2] hash di: login -> JSON about the officer
-- ARGV    now, forget those not seen since, then per officer 2 values: login, JSON
-- Returns {{login, last seen, JSON}…}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
for i = 3, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
local seen, out = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), {}
for i = 1, #seen, 2 do out[#out + 1] = { seen[i], seen[i + 1], redis.call('HGET', KEYS[2], seen[i]) or '{}' } end
return out
