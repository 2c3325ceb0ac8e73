-- staff_leave - logged out.
-- KEYS[1] ss:<hash of the cookie>  KEYS[2] acts
-- ARGV    login
-- Returns 1
if redis.call('DEL', KEYS[1]) == 1 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'act', 'logout', 'login', ARGV[1], 'about', '')
  redis.call('PUBLISH', 'loa:staff', ARGV[1])
end
return 1
