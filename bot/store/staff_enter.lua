-- staff_enter - the password was right: a session begins, the count of wrong ones ends.
-- KEYS[1] sf:<login>  KEYS[2] sl:<hash of the login>  KEYS[3] ss:<hash of the cookie>  KEYS[4] acts
-- ARGV    login, gen the password was checked against, csrf, now_ms, idle ms
-- Returns {csrf, name, roles, desks, units}, or 0 when the account has changed meanwhile
local m = redis.call('HMGET', KEYS[1], 'gen', 'off', 'name', 'roles', 'desks', 'units')
if m[1] ~= ARGV[2] or m[2] == '1' then return 0 end
redis.call('HSET', KEYS[3], 'login', ARGV[1], 'gen', ARGV[2], 'csrf', ARGV[3], 'made', ARGV[4], 'seen', ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('DEL', KEYS[2])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'act', 'login_ok', 'login', ARGV[1], 'about', '')
return {ARGV[3], m[3] or '', m[4] or '', m[5] or '', m[6] or ''}
