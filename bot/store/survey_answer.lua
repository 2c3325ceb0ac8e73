-- survey_answer - one answer to one invitation. It is counted apart from the notification, which keeps only a mark.
-- KEYS[1] notification n:<nid>
-- ARGV    now, life of an invitation in ms, score, 1 when only the comment is new, channel, month, random, sealed comment ("" none),
--         how long comments are kept in s
-- Returns 1 taken, 0 used before, -1 expired, -2 no such invitation
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local now, life, score, late, channel, month, random, comment, keep = unpack(ARGV)
local f = redis.call('HMGET', KEYS[1], 'h', 'sv')
if not f[1] then return -2 end
local h = cjson.decode(f[1])
if tonumber(now) > tonumber(h.accepted) + tonumber(life) then return -1 end
if late == '1' then
  if f[2] ~= '1' then return 0 end
elseif f[2] then
  return 0
end
local about = h.unit .. '|' .. h.kind .. '|' .. (h.procedure or '') .. '|' .. channel .. '|' .. score
if late ~= '1' then redis.call('HINCRBY', P .. 'sv:n', month .. '|' .. about, 1) end
if comment ~= '' then
  redis.call('HSET', P .. 'sv:c:' .. month, random, about .. '|' .. comment)
  redis.call('EXPIRE', P .. 'sv:c:' .. month, keep)
end
redis.call('HSET', KEYS[1], 'sv', comment ~= '' and '2' or '1')
return 1
