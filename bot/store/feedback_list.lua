-- feedback_list - the cases in some states, in the order of their limits.
-- KEYS[1] any key of the partition
-- ARGV    score and id to begin after ("-inf" and "" from the start), limit, states …
-- Returns list of {id, score, state, unit, desk, kind, channel, at, forward by, answer by}
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local score, after, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local out = {}
for i = 4, #ARGV do
  local taken = 0
  local found = redis.call('ZRANGEBYSCORE', P .. 'fb:s:' .. ARGV[i], score, '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 100)
  for k = 1, #found, 2 do
    if taken == limit then break end
    if found[k + 1] ~= score or found[k] > after then
      local f = redis.call('HMGET', P .. 'fb:' .. found[k], 'st', 'un', 'dk', 'kd', 'ch', 'at', 'fw', 'aw')
      if f[1] then
        out[#out + 1] = { found[k], found[k + 1], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8] }
        taken = taken + 1
      end
    end
  end
end
return out
