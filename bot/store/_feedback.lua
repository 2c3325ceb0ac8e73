-- feedback - the life of one case (phản ánh, kiến nghị, câu hỏi): the state table and what moves a case.
--
-- Records, all in the partition of the conversation that the case came from. <id> is "PA-26-17": kind, year, serial.
--   fb:<id>   hash   st state  un unit  dk desk  kd kind of feedback  ch channel  cid conversation  at taken, ms
--                    fw forwarded by, aw answered by (ms)  mo month taken "202611"  vn version  d what sealed texts are bound to
--                    b sealed story {"about","text"}  nt sealed note to the sender  a sealed answer
--                    of who acted last  x hash of that action, so that its repeat does nothing
--                    er 1 its sender wants to be forgotten: its texts go when it is answered or closed
--   fb:c:<cid>       set of ids that came from this conversation
--   fl:<id>   list   its history, "ms event who unit"
--   fb:d:<dedupe>    id of what the same input made before
--   fb:q             hash kind and year -> serials given
--   fb:s:<state>     zset ids; open ones by their answer's limit, the others by when they ended
--   fb:w             zset "<id>|<what>|<unit>" by when a person has to be told: forward_soon forward_late answer_soon answer_late
--   fb:t             zset "<id>|<event>|<version>" by time: what the sender has still to be told
--   fb:n             hash "month|unit|kind|word" -> how many: taken, the four states now, forwarded, on_time, late

local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local KEEP_MS = 400 * 86400000

-- An empty cell means: too late or twice; nothing happens.
local NEXT = {
  received = { take = 'working', forward = 'received', answer = 'answered', close = 'closed' },
  working = { forward = 'received', answer = 'answered', close = 'closed' },
  answered = { answer = 'answered', close = 'closed' },
  closed = {},
}
local OPEN = { received = true, working = true }
local WATCHED = { 'forward_soon', 'forward_late', 'answer_soon', 'answer_late' }

local function count(month, unit, kind, word, by)
  redis.call('HINCRBY', P .. 'fb:n', month .. '|' .. unit .. '|' .. kind .. '|' .. word, by)
end

local function watch(id, unit, what, at)
  redis.call('ZADD', P .. 'fb:w', at, id .. '|' .. what .. '|' .. unit)
end

local function unwatch(id, unit, what)
  redis.call('ZREM', P .. 'fb:w', id .. '|' .. what .. '|' .. unit)
end

local function history(id, now, event, who, unit)
  redis.call('RPUSH', P .. 'fl:' .. id, now .. ' ' .. event .. ' ' .. who .. ' ' .. unit)
  redis.call('LTRIM', P .. 'fl:' .. id, -100, -1)
end
