-- delivery - the life of one notification: the state table and the only functions that move a message.
--
-- A file whose name starts with "_" is a library: `-- include _delivery` in a script puts it in front of it.
--
-- Records, all in one partition (same hash tag, same slot):
--   n:<nid>      hash, one notification
--                  h     header, JSON, not secret (code, kind, status, ckey, unit, lane, times)
--                  b     sealed body: parameters and addresses; deleted when the notification ends
--                  plan  "way:wait_ms:alongside;…"   step k is the k-th item, from 0
--                  ck    citizen key     x expires_ms     ln lane     ac 1 when an action is asked     co dossier code
--                  st    pending | reached | unreached
--                  s<k>  state of step k's message ("" = step not begun)   a<k> attempts   r<k> repeats of one attempt
--                  o<k>  attempts made before a person sent it again
--                  t<k>  time of its last change   c<k> last provider code   i<k> provider id   v<k> cost in đồng
--                  lg    the story: "ms step event code\n" per line
--   q:<way>:<lane> zset  messages that may be sent, by not-before time; member "<nid>:<k>"
--   snd          zset  attempts under way, by the time after which nobody will answer any more
--   w            zset  what happens next when nothing else does, by time
--   pl           zset  sent messages to ask the provider about, by time
--   dead         zset  notifications that reached nobody although something could still be done, by time: body kept
--   open:<ckey>  list  "<nid> <code>" of this citizen's notifications that still may send, oldest first
--   led          stream, one entry per final result; also what a citizen refuses or wants again (consent.lua)
--   ds:<ckey>    string, codes of the newest dossiers that name this identity, newest last; 10 at most, 400 days (codes.lua)
--   fo:<cid>     string, codes of the dossiers a conversation follows, the same way; field fw of d:<code> is the other side:
--                "<cid>:<channel>;" at most 5 (follow.lua)
--   t:<scope>    hash, guesses: n how many, u not before, id of the last one; gone after a day without one (tries.lua)

local P = string.match(KEYS[1], '^(loa:{p%d+}:)')

-- state -> event -> next state. An empty cell means: too late, twice, or impossible; nothing happens.
local NEXT = {
  [''] = { start = 'queued', cut = 'suppressed' },
  queued = {
    claim = 'sending', hold = 'deferred', expire = 'expired', cut = 'suppressed', divert = 'failed',
    -- word of an earlier attempt: there is nothing left to send again
    delivered = 'delivered', seen = 'seen', accepted = 'sent', refused = 'failed',
  },
  deferred = {
    claim = 'sending', hold = 'deferred', expire = 'expired', cut = 'suppressed', divert = 'failed',
    delivered = 'delivered', seen = 'seen', accepted = 'sent', refused = 'failed',
  },
  sending = {
    accepted = 'sent', again = 'deferred', unsent = 'deferred', refused = 'failed', unknown = 'uncertain', cut = 'suppressed',
    delivered = 'delivered', seen = 'seen', lost = 'failed', -- a receipt may overtake the answer
  },
  uncertain = {
    accepted = 'sent', again = 'deferred', refused = 'failed', delivered = 'delivered', seen = 'seen', lost = 'failed',
    unsent = 'deferred', cut = 'suppressed', -- who made the attempt says after all that nothing had left
    ['repeat'] = 'queued', resend = 'queued',
  },
  expired = { resend = 'queued', delivered = 'delivered', seen = 'seen' },
  suppressed = { delivered = 'delivered', seen = 'seen' }, -- an earlier attempt arrived
  sent = { delivered = 'delivered', seen = 'seen', lost = 'failed' },
  delivered = { seen = 'seen' },
  failed = { delivered = 'delivered', seen = 'seen', resend = 'queued' }, -- some providers report failure first and delivery later
}

local function nkey(nid) return P .. 'n:' .. nid end

local function plan_of(text)
  local steps = {}
  for way, wait, beside in string.gmatch(text, '([%w_]+):(%d+):(%d);?') do
    steps[#steps + 1] = { way = way, wait = tonumber(wait), beside = beside == '1' }
  end
  return steps
end

local function channel_of(way) return string.match(way, '^%a+') end

local function story(key, now, k, event, code)
  local old = redis.call('HGET', key, 'lg') or ''
  if #old < 4096 then
    redis.call('HSET', key, 'lg', old .. now .. ' ' .. k .. ' ' .. event .. ' ' .. (code or '') .. '\n')
  end
end

local function ledger(key, nid, k, way, state, now)
  local f = redis.call('HMGET', key, 'h', 'v' .. k, 'c' .. k, 'a' .. k, 'ck')
  redis.call('XADD', P .. 'led', '*', 'n', nid, 'k', k, 'w', way, 's', state, 't', now, 'v', f[2] or '0',
    'c', f[3] or '', 'a', f[4] or '0', 'h', f[1] or '')
end

local STOPS = { expire = true, cut = true, divert = true }

-- Applies one event to the message of step k. Returns the new state, or nil when the event does not apply.
local function move(key, k, event, now, code)
  local old = redis.call('HGET', key, 's' .. k) or ''
  local new = NEXT[old] and NEXT[old][event]
  if not new then return nil, old end
  -- What waits to be repeated may have arrived already: stopping it is no definite no.
  if STOPS[event] and old ~= 'uncertain' and redis.call('HGET', key, 'r' .. k) == '1' then new = 'uncertain' end
  redis.call('HSET', key, 's' .. k, new, 't' .. k, now)
  if code and code ~= '' then redis.call('HSET', key, 'c' .. k, code) end
  story(key, now, k, event, code)
  return new, old
end

-- This citizen is left alone on this way until then; -1: until the citizen says otherwise.
local function leave_alone(ckey, way, until_ms)
  local c = P .. 'c:' .. ckey
  local no = redis.call('HGET', c, 'no') or ''
  no = string.gsub(no, '%f[%w_]' .. way .. '=[-%d]+;', '') .. way .. '=' .. until_ms .. ';'
  redis.call('HSET', c, 'no', no)
end

local WAYS, LANES = { 'zalo_cs', 'zalo_uid', 'zalo_zbs', 'sms', 'email' }, { 'urgent', 'normal', 'bulk' }
local function queue_key(way, lane) return P .. 'q:' .. way .. ':' .. lane end

-- How many messages wait in the lanes of this partition.
local function waiting()
  local n = 0
  for _, way in ipairs(WAYS) do
    for _, lane in ipairs(LANES) do n = n + redis.call('ZCARD', queue_key(way, lane)) end
  end
  return n
end

local function dequeue(nid, k, way, lane)
  local m = nid .. ':' .. k
  redis.call('ZREM', queue_key(way, lane), m)
  redis.call('ZREM', P .. 'snd', m)
  redis.call('ZREM', P .. 'w', m)
  redis.call('ZREM', P .. 'pl', m)
end

-- The messages of one citizen on one channel leave in order: when one has left, the next may go.
local function release_next(ckey, nid, channel, now)
  local open = redis.call('LRANGE', P .. 'open:' .. ckey, 0, -1)
  if #open < 2 then return end
  for _, entry in ipairs(open) do
    local other = string.match(entry, '^(%S+)')
    if other ~= nid then
      local f = redis.call('HMGET', nkey(other), 'plan', 'ln')
      for i, step in ipairs(plan_of(f[1] or '')) do
        local m = other .. ':' .. (i - 1)
        if channel_of(step.way) == channel and redis.call('HGET', nkey(other), 's' .. (i - 1)) == 'queued' then
          redis.call('ZADD', queue_key(step.way, f[2]), 'XX', 'LT', now, m)
        end
      end
    end
  end
end

-- Must this citizen's message on this channel wait for an earlier one? Returns until when, or nil. An earlier one holds it back
-- while it waits to leave on the channel, while its fate there is unknown and it may be repeated, and while it may still come
-- down to this channel from the step before.
local function earlier_waiting(ckey, nid, channel, now)
  for _, entry in ipairs(redis.call('LRANGE', P .. 'open:' .. ckey, 0, -1)) do
    local other = string.match(entry, '^(%S+)')
    if other == nid then return nil end
    local f = redis.call('HMGET', nkey(other), 'plan', 'ln', 'cut')
    local above = nil -- when the chain of the earlier one moves on
    for i, step in ipairs(plan_of(f[1] or '')) do
      local m = other .. ':' .. (i - 1)
      local s = redis.call('HGET', nkey(other), 's' .. (i - 1)) or ''
      local due = nil
      if s == 'queued' or s == 'deferred' then
        due = tonumber(redis.call('ZSCORE', queue_key(step.way, f[2]), m) or now)
      elseif s == 'sending' then
        due = now
      elseif s == 'uncertain' then
        due = tonumber(redis.call('ZSCORE', P .. 'w', m) or nil)
      elseif s == '' and not step.beside and f[3] ~= '1' then
        due = above
      end
      if due and channel_of(step.way) == channel then return math.max(now + 50, due + 1) end
      if due and not step.beside then above = due end
    end
  end
  return nil
end

-- Is a message of this notification about to leave or leaving?
local function leaving(key, steps)
  for i = 1, #steps do
    local s = redis.call('HGET', key, 's' .. (i - 1))
    if s == 'queued' or s == 'sending' then return true end
  end
  return false
end

-- An ended notification can be asked about as long as its dossier: a year and a little more.
local KEEP_S = 400 * 86400

-- Ends the notification when no message of it can still go out or come back. One that reached nobody after a failure keeps
-- its body for a while in `dead`: a person may mend the cause and send it again.
local function settle(key, nid, steps, now)
  local reached, busy, failed = false, false, false
  for i, step in ipairs(steps) do
    local s = redis.call('HGET', key, 's' .. (i - 1)) or ''
    if s == 'seen' or (s == 'delivered' and step.way ~= 'portal') then reached = true end
    if s == 'queued' or s == 'deferred' or s == 'sending' then busy = true end
    if s == 'failed' or s == 'expired' or s == 'uncertain' then failed = true end
    if (s == 'sent' or s == 'uncertain') and redis.call('ZSCORE', P .. 'w', nid .. ':' .. (i - 1)) then busy = true end
  end
  local f = redis.call('HMGET', key, 'st', 'ck', 'co', 'e', 'cut')
  local state = reached and 'reached' or (busy and 'pending' or 'unreached')
  if state ~= f[1] then redis.call('HSET', key, 'st', state) end
  if busy then return state end
  if failed and not reached and f[5] ~= '1' and redis.call('HEXISTS', key, 'b') == 1 then
    redis.call('ZADD', P .. 'dead', now, nid)
  else
    redis.call('HDEL', key, 'b')
    redis.call('ZREM', P .. 'dead', nid)
  end
  if not f[4] then
    redis.call('LREM', P .. 'open:' .. f[2], 1, nid .. ' ' .. f[3])
    redis.call('HSET', key, 'e', now)
    redis.call('EXPIRE', key, KEEP_S)
  end
  return state
end

-- Begins step k: its message becomes queued. `due`: not before.
local function start(key, nid, k, steps, lane, now, due)
  if move(key, k, 'start', now) then
    redis.call('ZADD', queue_key(steps[k + 1].way, lane), due, nid .. ':' .. k)
    return true
  end
  return false
end

-- Begins the first step after k that has not begun and is not beside the chain. Nothing to do once reached or cut.
local function start_next(key, nid, k, steps, lane, now)
  local f = redis.call('HMGET', key, 'st', 'cut', 'x')
  if f[1] == 'reached' or f[2] == '1' or tonumber(f[3] or '0') < now then return false end
  if redis.call('HEXISTS', key, 'b') == 0 then return false end -- ended or erased: there is nothing left to send
  for i = k + 1, #steps - 1 do
    local s = redis.call('HGET', key, 's' .. i) or ''
    if not steps[i + 1].beside then
      if s == '' then return start(key, nid, i, steps, lane, now, now) end
      if s == 'queued' or s == 'deferred' or s == 'sending' then return false end
    end
  end
  return false
end

-- Nothing of this attempt left: it does not count, and the message goes back to its lane. A repeat stays one: the attempt
-- whose fate is unknown is still the one before.
local function take_back(key, nid, k, way, lane, again_at)
  if redis.call('HGET', key, 'r' .. k) == '2' then
    redis.call('HSET', key, 'r' .. k, '1')
  else
    redis.call('HINCRBY', key, 'a' .. k, -1)
    redis.call('SREM', P .. 'unsure', nid .. ':' .. k)
  end
  dequeue(nid, k, way, lane)
  redis.call('ZADD', queue_key(way, lane), again_at, nid .. ':' .. k)
end

-- Stops what has not left yet: the citizen was reached, or the news is replaced. Messages under way are left alone.
local function cut_rest(key, nid, steps, lane, now, code, also_queued)
  for i, step in ipairs(steps) do
    local k = i - 1
    local s = redis.call('HGET', key, 's' .. k) or ''
    if not step.beside and (s == 'deferred' or (s == 'queued' and also_queued)) then
      local new = move(key, k, 'cut', now, code)
      dequeue(nid, k, step.way, lane)
      ledger(key, nid, k, step.way, new, now)
      release_next(redis.call('HGET', key, 'ck'), nid, channel_of(step.way), now)
    end
  end
  redis.call('HSET', key, 'cut', '1')
end
