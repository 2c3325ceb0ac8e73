-- chat_in - inputs of conversations become durable: a line in the log and a turn that waits for its answer.
-- KEYS[1] stream ct of the partition
-- ARGV    now, keep_s, most turns that may wait here, lines kept, most turns of one conversation that may wait, how long a flood
--         is left without turns, 1 when the caller answers the turns of this partition, then per input 12 values: cid,
--         channel, sealed address ("" none), kind, at, who, actor, dedupe ("" none), from ("" no line, else c b o s n), sealed blob, epoch to begin with, unit ('' unknown)
-- Returns per input: "<seq>" (0 without a line), "d<seq>" it was here before, "busy" too many turns wait; or, when the caller
-- may answer it at once, since nothing of this conversation waits before it: {"<seq>", stream id, state: flat list of fields}
-- cd:<cid> holds the latest dedupes, ";key=seq" each: a repeat comes soon or never.
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local now, keep, max, lines = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local burst, pause, own = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'
local DEDUPES_BYTES, DAY = 800, 86400000
local room = max - redis.call('XLEN', KEYS[1])
local answer = {}
for at = 8, #ARGV, 12 do
  local cid, ch, to, kind, when, who, actor = unpack(ARGV, at, at + 6)
  local dedupe, from, blob, epoch, unit = unpack(ARGV, at + 7, at + 11)
  local cv, cd = P .. 'cv:' .. cid, P .. 'cd:' .. cid
  local seen = dedupe ~= '' and redis.call('GET', cd) or ''
  local before = dedupe ~= '' and string.find(seen, dedupe, 1, true)
  if before then
    answer[#answer + 1] = 'd' .. string.match(seen, '=(%d+)', before)
  elseif room <= 0 then
    answer[#answer + 1] = 'busy'
  else
    local f = redis.call('HMGET', cv, 'seq', 'wt', 'tf', 'la', 'ep', 'to', 'un')
    local seq, waiting, flood, last = tonumber(f[1] or 0), tonumber(f[2] or 0), tonumber(f[3] or 0), tonumber(f[4] or 0)
    local set, number = {}, 0
    if from ~= '' then
      seq = seq + 1
      number = seq
      local length = redis.call('RPUSH', P .. 'cl:' .. cid, seq .. ' ' .. when .. ' ' .. from .. ' ' .. blob)
      if length == 1 then redis.call('EXPIRE', P .. 'cl:' .. cid, keep) end
      if length > lines then redis.call('LTRIM', P .. 'cl:' .. cid, -lines, -1) end
      set = { 'seq', seq }
    end
    local turn, id = true, nil
    if actor == '' and kind ~= 'tick' then
      set[#set + 1], set[#set + 2] = 'la', math.max(last, tonumber(when))
      if waiting >= burst or (waiting > 0 and flood > now) then
        -- Kept in the log, but not answered one by one; the citizen is told once.
        turn = false
        if flood <= now then
          set[#set + 1], set[#set + 2] = 'tf', now + pause
          turn, kind, number = true, 'flood', 0
        end
      end
    end
    if turn then
      id = redis.call('XADD', KEYS[1], '*', 'c', cid, 's', number, 'k', kind, 'a', when, 'w', who, 'o', actor, 'i', blob)
      room = room - 1
      set[#set + 1], set[#set + 2] = 'wt', waiting + 1
    end
    if not f[5] then set[#set + 1], set[#set + 2], set[#set + 3], set[#set + 4] = 'ch', ch, 'ep', epoch end
    if to ~= '' and not f[6] then set[#set + 1], set[#set + 2] = 'to', to end
    if unit ~= '' and unit ~= f[7] then set[#set + 1], set[#set + 2] = 'un', unit end
    if #set > 0 then redis.call('HSET', cv, unpack(set)) end
    if not f[5] or math.floor(last / DAY) ~= math.floor(now / DAY) then
      redis.call('EXPIRE', cv, keep)
      redis.call('EXPIRE', P .. 'cl:' .. cid, keep)
    end
    local word = from ~= '' and seq or 0
    if dedupe ~= '' then
      seen = seen .. ';' .. dedupe .. '=' .. word
      if #seen > DEDUPES_BYTES then seen = string.match(seen, '(;.*)$', #seen - DEDUPES_BYTES / 2) end
      redis.call('SET', cd, seen, 'EX', keep)
    end
    if own and id and waiting == 0 and kind ~= 'flood' then
      answer[#answer + 1] = { tostring(word), id, redis.call('HGETALL', cv) }
    else
      answer[#answer + 1] = tostring(word)
    end
  end
end
return answer
