-- chat_commit - a turn has its answer: lines into the log, the new state, the turn leaves the stream. All or nothing.
-- include _handover
-- KEYS[1] lease  KEYS[2] stream ct
-- ARGV    epoch, now, lines kept, keep_s, then per turn: cid, stream id, version it was computed on,
--         n lines {from, sealed blob}, n fields {name, value ("" deletes)}, n counts {event, detail}: each n stands before its group
--         the field "erase" empties the conversation first; its value is the new epoch of the log
-- Returns per turn {version, last seq}: version -1: the turn was committed before; -2: the conversation has changed
-- meanwhile, compute again; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local now, kept, keep = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local answer, changed, at = {}, {}, 5
local QUIET = { dg = true, wk = true, wu = true } -- fields that nobody looks at from outside
local function group(width)
  local first, n = at + 1, tonumber(ARGV[at])
  at = first + n * width
  return first, at - 1
end
while at <= #ARGV do
  local cid, id, version = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local line, line_end = group(2)
  local field, field_end = group(2)
  local count, count_end = group(2)
  local cv, cl = P .. 'cv:' .. cid, P .. 'cl:' .. cid
  local f = redis.call('HMGET', cv, 'n', 'seq', 'wt', 'ch')
  local n, seq = tonumber(f[1] or 0), tonumber(f[2] or 0)
  if n ~= version then
    answer[#answer + 1] = { -2, seq }
  elseif redis.call('XDEL', KEYS[2], id) == 0 then
    answer[#answer + 1] = { -1, seq }
  else
    local set, gone, was = {}, {}, nil
    for i = field, field_end, 2 do
      if ARGV[i] == 'erase' then
        -- Who still waits for a person can be answered; nothing else is left.
        if redis.call('HGET', cv, 'md') ~= 'wait' then redis.call('HDEL', cv, 'to') end
        redis.call('HDEL', cv, 'dg', 'wk', 'wu', 'un')
        redis.call('DEL', cl, P .. 'cd:' .. cid)
        redis.call('HSET', cv, 'ep', ARGV[i + 1])
      end
    end
    if line <= line_end then
      local lines = {}
      for i = line, line_end, 2 do
        seq = seq + 1
        lines[#lines + 1] = seq .. ' ' .. now .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 1]
      end
      local length = redis.call('RPUSH', cl, unpack(lines))
      if length == #lines then redis.call('EXPIRE', cl, keep) end
      if length > kept then redis.call('LTRIM', cl, -kept, -1) end
      set[1], set[2] = 'seq', seq
    end
    for i = field, field_end, 2 do
      if not QUIET[ARGV[i]] and not was then was = desk_before(P, cid) end
      if ARGV[i + 1] == '' then
        gone[#gone + 1] = ARGV[i]
      elseif ARGV[i] ~= 'erase' then
        set[#set + 1], set[#set + 2] = ARGV[i], ARGV[i + 1]
      end
    end
    if field <= field_end then
      n = n + 1
      set[#set + 1], set[#set + 2] = 'n', n
    end
    set[#set + 1], set[#set + 2] = 'wt', math.max(0, tonumber(f[3] or 0) - 1)
    redis.call('HSET', cv, unpack(set))
    if #gone > 0 then redis.call('HDEL', cv, unpack(gone)) end
    for i = count, count_end, 2 do
      redis.call('XADD', P .. 'led', '*', 'e', ARGV[i], 'd', ARGV[i + 1], 'c', f[4] or '', 't', now)
    end
    if was then desk_index(P, cid, was) end
    changed[#changed + 1] = cid .. ' ' .. (was and 0 or seq)
    answer[#answer + 1] = { n, seq }
  end
end
if #changed > 0 then redis.call('PUBLISH', 'loa:chat', table.concat(changed, ' ')) end
return answer
