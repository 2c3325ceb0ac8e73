-- chat_take - the next turns that wait, with the state of their conversations. Changes nothing: a turn stays in the stream
-- until chat_commit takes it out, so what an owner left unfinished is simply read again.
-- KEYS[1] lease  KEYS[2] stream ct
-- ARGV    epoch, after (stream id, exclusive; '-' from the start), limit
-- Returns list of {id, cid, seq, kind, at, who, actor, sealed blob, state: flat list of fields}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local from = ARGV[2] == '-' and '-' or '(' .. ARGV[2]
local out, had = {}, {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[3])) do
  local v = entry[2] -- c s k a w o i, in the order chat_in wrote them
  local cid = v[2]
  local state = had[cid] and {} or redis.call('HGETALL', P .. 'cv:' .. cid)
  had[cid] = true
  out[#out + 1] = { entry[1], cid, v[4], v[6], v[8], v[10], v[12], v[14], state }
end
return out
