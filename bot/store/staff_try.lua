-- staff_try - somebody says to be this person. The try counts as a wrong one until the password was right, so that
-- many at once gain nothing. A login nobody has is counted and locked just the same.
-- KEYS[1] sf:<login>  KEYS[2] sl:<hash of the login>  KEYS[3] acts
-- ARGV    now_ms, wrong ones before the first lock, first lock ms, longest lock ms, login
-- Returns {locked until ms} when no try is allowed now; else {0, pw, gen, off} of the account ("" when there is none)
local now, free, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local until_ms = tonumber(redis.call('HGET', KEYS[2], 'until') or '0')
if until_ms > now and until_ms <= now + longest then return {until_ms} end -- farther off: the clock jumped
local account = redis.call('HMGET', KEYS[1], 'pw', 'gen', 'off')
local failed, lock = redis.call('HINCRBY', KEYS[2], 'failed', 1), 0
if failed >= free then
  lock = math.min(longest, first * 2 ^ math.min(failed - free, 20))
  redis.call('HSET', KEYS[2], 'until', string.format('%d', now + lock))
  if account[1] then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'act', 'locked', 'login', ARGV[5], 'about', '')
  end
end
redis.call('PEXPIRE', KEYS[2], string.format('%d', lock + longest))
return {0, account[1] or '', account[2] or '', account[3] or ''}
