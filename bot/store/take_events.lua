-- take_events - the next dossier events with what is known of each dossier. Changes nothing: an entry stays in the stream
-- until `dossier` commits it, so an interrupted owner's work is simply read again.
-- KEYS[1] lease  KEYS[2] stream in
-- ARGV    epoch, after (stream id, exclusive; '-' from the start), limit
-- Returns list of {id, code, sealed event, accepted at, status, time, sealed summary, followers}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local from = ARGV[2] == '-' and '-' or '(' .. ARGV[2]
local out = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[3])) do
  local v = entry[2] -- c code e body t time, in the order intake wrote them
  local f = redis.call('HMGET', P .. 'd:' .. v[2], 'st', 'at', 'sum', 'fw')
  out[#out + 1] = { entry[1], v[2], v[4], v[6], f[1] or '', f[2] or '', f[3] or '', f[4] or '' }
end
return out
