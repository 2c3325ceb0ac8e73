-- recover - a new owner looks at the attempts its predecessor left without an answer: each is now uncertain.
-- include _delivery
-- KEYS[1] lease
-- ARGV    epoch, now, wait_until (when the policy decides), limit, all 0/1 (0: only those past their answer time),
--         safe ways "sms;" (the provider knows our reference), wait_until for those, wait_until for lines of a conversation
-- Returns {count, more 0/1}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, wait_until, limit, safe_until, chat_until = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[7], ARGV[8]
local upto = ARGV[5] == '1' and '+inf' or now
local members = redis.call('ZRANGEBYSCORE', P .. 'snd', '-inf', upto, 'LIMIT', 0, limit)
for _, m in ipairs(members) do
  redis.call('ZREM', P .. 'snd', m)
  local nid, k = string.match(m, '^(%w+):(%d)$')
  local n = read(nid, 's' .. k, 'h')
  if n then
    local step = n.steps[k + 1]
    local safe = string.find(ARGV[6], step.way .. ';', 1, true) ~= nil
    -- The next line of a conversation does not wait long for one whose fate is unknown.
    local judged = safe and safe_until or n.co == '-' and is_chat(n) and chat_until or wait_until
    move(n, step, 'unknown', now, 'interrupted', judged)
    release_next(n, step.channel, now)
    settle(n, now)
    save(n)
  end
end
return { #members, #members == limit and 1 or 0 }
