-- roster_put - a shift is written or changed.
-- include _roster
-- KEYS    the week of this desk, then the same week of the other desks
-- ARGV    shift id, login, name, from, to
-- Returns 'ok'; 'conflict': this person is on duty elsewhere then; 'full'
if redis.call('HLEN', KEYS[1]) > 1000 then return 'full' end
local id, s = ARGV[1], { login = ARGV[2], name = ARGV[3], from = tonumber(ARGV[4]), to = tonumber(ARGV[5]) }
if on_duty(KEYS, s.login, s.from, s.to, { [id] = true }) then return 'conflict' end
local old = shift_of(redis.call('HGET', KEYS[1], 'h:' .. id))
redis.call('HSET', KEYS[1], 'h:' .. id, shift_text(s))
if old and (old.login ~= s.login or old.from ~= s.from) then redis.call('HDEL', KEYS[1], 'a:' .. id, 'm:' .. id) end
changed(KEYS[1])
return 'ok'
