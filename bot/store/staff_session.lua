-- staff_session - who is behind a session; being active puts off its end by idleness.
-- KEYS[1] ss:<hash of the cookie>  KEYS[2] sf:<login>
-- ARGV    now_ms, idle ms, longest life ms, login, active ("1" or "0")
-- Returns {csrf, name, roles, desks, units}, or 0: no such session, or it is over
local now = tonumber(ARGV[1])
local s = redis.call('HMGET', KEYS[1], 'login', 'gen', 'csrf', 'made', 'seen')
if s[1] ~= ARGV[4] then return 0 end
local m = redis.call('HMGET', KEYS[2], 'gen', 'off', 'name', 'roles', 'desks', 'units')
if m[1] ~= s[2] or m[2] == '1' or now - tonumber(s[4]) >= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  return 0
end
if ARGV[5] == '1' and math.abs(now - tonumber(s[5])) >= 20000 then -- not one write to disk per click
  redis.call('HSET', KEYS[1], 'seen', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {s[3], m[3] or '', m[4] or '', m[5] or '', m[6] or ''}
