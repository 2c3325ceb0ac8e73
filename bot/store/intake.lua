-- intake - dossier events become durable, each once.
-- KEYS[1] stream in of the dossier's partition
-- ARGV    now, most entries the stream may hold, then per event 4 values: code, id mark, content mark, sealed event
--         id mark: hash of (source, event id), "" when the sender gives none; content mark: hash of (source, status, time)
-- Returns per event: the stream id, or 'dup:' and the id of the first one, or 'full'
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local answer = {}
local room = tonumber(ARGV[2]) - redis.call('XLEN', KEYS[1])
for at = 3, #ARGV, 4 do
  local code, idm, cm, body = unpack(ARGV, at, at + 3)
  local d = P .. 'd:' .. code
  local seen = redis.call('HGET', d, 'k' .. cm) or (idm ~= '' and redis.call('HGET', d, 'i' .. idm))
  if seen then
    answer[#answer + 1] = 'dup:' .. seen
  elseif room <= 0 then
    answer[#answer + 1] = 'full'
  else
    room = room - 1
    local id = redis.call('XADD', KEYS[1], '*', 'c', code, 'e', body, 't', ARGV[1])
    redis.call('HSET', d, 'k' .. cm, id)
    if idm ~= '' then redis.call('HSET', d, 'i' .. idm, id) end
    answer[#answer + 1] = id
  end
end
return answer
