-- draft_all - every draft and every own entry of the FAQ, with their states.
-- KEYS[1] hash fd  KEYS[2] hash fs
-- Returns {flat list of fd, flat list of fs}
return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
