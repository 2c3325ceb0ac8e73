-- intake - dossier events become durable, each once.
-- KEYS[1] stream in of a partition of this server
-- ARGV    now, most entries a stream may hold, then per event 5 values: stream in of the dossier's partition, code, id mark,
--         content mark, sealed event
--         id mark: hash of (source, event id), "" when the sender gives none; content mark: hash of (source, status, time)
-- Returns per event: the stream id, or 'dup:' and the id of the first one, or 'full'
local most = tonumber(ARGV[2])
local answer, room = {}, {}
for at = 3, #ARGV, 5 do
  local stream, code, idm, cm, body = unpack(ARGV, at, at + 4)
  local d = string.match(stream, '^(loa:{p%d+}:)') .. 'd:' .. code
  local by_content, by_id = 'k' .. cm, 'i' .. idm
  local f = redis.call('HMGET', d, by_content, by_id) -- nothing is ever stored under "i" alone
  room[stream] = room[stream] or most - redis.call('XLEN', stream)
  if f[1] or f[2] then
    answer[#answer + 1] = 'dup:' .. (f[1] or f[2])
  elseif room[stream] <= 0 then
    answer[#answer + 1] = 'full'
  else
    room[stream] = room[stream] - 1
    local id = redis.call('XADD', stream, '*', 'c', code, 'e', body, 't', ARGV[1])
    if idm ~= '' then
      redis.call('HSET', d, by_content, id, by_id, id)
    else
      redis.call('HSET', d, by_content, id)
    end
    answer[#answer + 1] = id
  end
end
return answer
