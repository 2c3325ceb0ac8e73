-- chat_read - what a viewer of a conversation has not seen yet. Changes nothing.
-- KEYS[1] any key of the partition
-- ARGV    per viewer 4 values: cid, epoch it knows ("" fresh), last number it has, limit
-- Returns per viewer {1 when it must begin anew, state: flat list of fields, lines "<seq> <at> <from> <blob>" oldest first}
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local out = {}
for at = 1, #ARGV, 4 do
  local cid, epoch, after, limit = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local state = redis.call('HGETALL', P .. 'cv:' .. cid)
  local seq, ep, lines, anew = 0, '', {}, 0
  for i = 1, #state, 2 do
    if state[i] == 'seq' then seq = tonumber(state[i + 1]) end
    if state[i] == 'ep' then ep = state[i + 1] end
  end
  if seq > after or (epoch ~= '' and epoch ~= ep) or after > seq then
    local length = redis.call('LLEN', P .. 'cl:' .. cid)
    local first = seq - length + 1 -- number of the oldest line still here
    if (epoch ~= '' and epoch ~= ep) or after > seq or (after > 0 and after + 1 < first) then
      anew, after = 1, 0
    end
    -- A fresh viewer gets the newest lines, one that resumes those right behind what it has.
    local from = after == 0 and math.max(first, seq - limit + 1) or after + 1
    if length > 0 and from <= seq then lines = redis.call('LRANGE', P .. 'cl:' .. cid, from - first, from - first + limit - 1) end
  end
  out[#out + 1] = { anew, state, lines }
end
return out
