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
--                  st    pending | reached | unreached       e time of its end       cut 1: no further step begins
--                  s<k>  state of step k's message ("" = step not begun)   a<k> attempts   r<k> repeats of one attempt
--                  o<k>  attempts made before a person sent it again
--                  t<k>  time of its last change   c<k> last provider code   i<k> provider id   v<k> cost in đồng
--                  u<k>  sent, and the provider will be asked meanwhile: the time after which nothing more is waited for
--                  lg    the story: "ms step event code\n" per line
--                  sv    1 its invitation to a survey was answered, 2 with a comment (survey_answer.lua); nothing of the answer
--   q:<way>:<lane> zset  messages that may be sent, by not-before time; member "<nid>:<k>"
--   snd          zset  attempts under way, by the time after which nobody will answer any more
--   w            zset  what happens next when nothing else does, by time: ask the provider, or stop waiting
--   dead         zset  notifications that reached nobody although something could still be done, by time: body kept
--   open:<ckey>  list  "<nid> <code>" of this citizen's notifications that still may send, oldest first
--   led          stream, one entry per final result; also what a citizen refuses or wants again (consent.lua)
--   ds:<ckey>    string, codes of the newest dossiers that name this identity while another one gets the notices, newest last; 10
--                at most, 400 days (codes.lua; those with notices are found by the inbox, dossiers_of.lua)
--   fo:<cid>     string, codes of the dossiers a conversation follows, the same way; field fw of d:<code> is the other side:
--                "<cid>:<channel>;" at most 5 (follow.lua)
--   t:<scope>    hash, guesses: n how many, u not before, id of the last one; gone after a day without one (tries.lua)
--
-- Each call into the store has its price, and each field written travels to the disk: so a notification is read once, changed
-- in memory by put(), and written once, by save(). Times stay the text they came as, unless they are reckoned with.

local P = string.match(KEYS[1], '^(loa:{p%d+}:)')

-- A call may hold items of several partitions of one server: each begins with turning to its own, which its id tells.
local function turn_to(nid) P = 'loa:{p' .. string.sub(nid, 1, 2) .. '}:' end

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

local WAYS, LANES = { 'zalo_cs', 'zalo_uid', 'zalo_zbs', 'sms', 'email' }, { 'urgent', 'normal', 'bulk' }
local function queue_key(way, lane) return P .. 'q:' .. way .. ':' .. lane end

-- ---- one notification while a script works on it ----

local function nkey(nid) return P .. 'n:' .. nid end

-- A step knows the names of its fields: step.s is "s0". Each is made when first asked for.
local NAMES = {
  __index = function(step, letter)
    local name = letter .. step.k
    step[letter] = name
    return name
  end,
}

local plans = {} -- text -> steps: the messages of one call mostly have the same plan
local function plan_of(text)
  local steps = plans[text]
  if not steps then
    steps = {}
    for way, beside in string.gmatch(text, '([%w_]+):%d+:(%d);?') do
      local step = { number = #steps, k = tostring(#steps), way = way, channel = string.match(way, '^%a+'), beside = beside == '1' }
      steps[#steps + 1] = setmetatable(step, NAMES)
    end
    plans[text] = steps
  end
  return steps
end

-- What was not read with the rest is read when asked for. A field that is not there is false.
local LAZY = {
  __index = function(n, field)
    local value = redis.call('HGET', n.key, field)
    n[field] = value
    return value
  end,
}

-- Reads a notification: what every script needs, and the fields named. nil when there is none.
local function read(nid, ...)
  local key, names = nkey(nid), { ... }
  local f = redis.call('HMGET', key, 'plan', 'ln', 'ck', 'st', 'lg', ...)
  if not f[1] then return nil end
  local n = { nid = nid, key = key, put = {}, plan = f[1], ln = f[2], ck = f[3], st = f[4], lg = f[5], steps = plan_of(f[1]) }
  for i = 1, #names do n[names[i]] = f[i + 5] end
  return setmetatable(n, LAZY)
end

local function put(n, field, value)
  local list = n.put
  local at = #list
  list[at + 1], list[at + 2] = field, value
  n[field] = value
end

local function drop(n, field)
  n[field] = false
  n.dropped = rawget(n, 'dropped') or {}
  table.insert(n.dropped, field)
end

-- An ended notification can be asked about as long as its dossier: a year and a little more.
local KEEP_S = 400 * 86400
-- A line of a conversation stands in the conversation's log; nobody sends it again by hand.
local CHAT_KEEP_S = 7 * 86400
local function is_chat(n) return string.find(n.h or '', '"kind":"chat"', 1, true) ~= nil end

local function save(n)
  if rawget(n, 'told') then put(n, 'lg', n.lg) end
  if #n.put > 0 then redis.call('HSET', n.key, unpack(n.put)) end
  for _, field in ipairs(rawget(n, 'dropped') or {}) do
    if not n[field] then redis.call('HDEL', n.key, field) end
  end
  if rawget(n, 'ends') then redis.call('EXPIRE', n.key, n.ends) end
end

local function story(n, step, now, event, code)
  local old = n.lg or ''
  if #old >= 4096 then return end
  n.lg = old .. now .. ' ' .. step.k .. ' ' .. event .. ' ' .. (code or '') .. '\n'
  n.told = true
end

local function ledger(n, step, state, now)
  redis.call('XADD', P .. 'led', '*', 'n', n.nid, 'k', step.k, 'w', step.way, 's', state, 't', now, 'v', n[step.v] or '0',
    'c', n[step.c] or '', 'a', n[step.a] or '0', 'h', n.h or '')
end

-- ---- moving ----

-- Where the message of a step lies is a matter of its state alone.
local PLACE = { queued = 'q', deferred = 'q', sending = 'snd', sent = 'w', uncertain = 'w' }
local function place_of(n, step, state)
  local place = PLACE[state]
  if place == 'q' then return queue_key(step.way, n.ln) end
  return place and P .. place
end

local STOPS = { expire = true, cut = true, divert = true }

-- Applies one event to the message of a step. `at`: its time in the new place; without one it lies nowhere, or stays where it
-- is. Returns the new state, or nil when the event does not apply.
local function move(n, step, event, now, code, at)
  local old = n[step.s] or ''
  local new = NEXT[old] and NEXT[old][event]
  if not new then return nil end
  -- What waits to be repeated may have arrived already: stopping it is no definite no.
  if STOPS[event] and old ~= 'uncertain' and n[step.r] == '1' then new = 'uncertain' end
  put(n, step.s, new)
  put(n, step.t, now)
  if code and code ~= '' then put(n, step.c, code) end
  story(n, step, now, event, code)
  local from, to = place_of(n, step, old), place_of(n, step, new)
  if from and from ~= to then redis.call('ZREM', from, n.nid .. ':' .. step.k) end
  if to and at then
    redis.call('ZADD', to, at, n.nid .. ':' .. step.k)
    n.placed = step
  end
  return new
end

-- This citizen is left alone on this way until then; -1: until the citizen says otherwise.
local function leave_alone(ckey, way, until_ms)
  local c = P .. 'c:' .. ckey
  local no = redis.call('HGET', c, 'no') or ''
  no = string.gsub(no, '%f[%w_]' .. way .. '=[-%d]+;', '') .. way .. '=' .. until_ms .. ';'
  redis.call('HSET', c, 'no', no)
end

-- How many messages wait in the lanes of this partition.
local function waiting()
  local keys, n = {}, 0
  for _, way in ipairs(WAYS) do
    for _, lane in ipairs(LANES) do keys[#keys + 1] = queue_key(way, lane) end
  end
  if redis.call('EXISTS', unpack(keys)) == 0 then return 0 end
  for _, key in ipairs(keys) do n = n + redis.call('ZCARD', key) end
  return n
end

-- Is the time come for any message that waits in the lanes of this way?
local function anything_due(way, now)
  if redis.call('EXISTS', queue_key(way, 'urgent'), queue_key(way, 'normal'), queue_key(way, 'bulk')) == 0 then return false end
  for _, lane in ipairs(LANES) do
    if #redis.call('ZRANGEBYSCORE', queue_key(way, lane), '-inf', now, 'LIMIT', 0, 1) > 0 then return true end
  end
  return false
end

-- This citizen's notifications that still may send: list of {nid, dossier code}, oldest first.
local function open_of(ckey)
  local list = redis.call('LRANGE', P .. 'open:' .. ckey, 0, -1)
  for i, entry in ipairs(list) do list[i] = { string.match(entry, '^(%S+) (.*)$') } end
  return list
end

-- Has something become free to leave meanwhile? The answer about one message says so by a "+" behind its new state, so that
-- nobody has to look into lanes in vain.
local free = false
local function told(state)
  local text = free and state .. '+' or state
  free = false
  return text
end

-- The messages of one citizen on one channel leave in order: when one has left, the next may go.
local function release_next(n, channel, now)
  local list = open_of(n.ck)
  if #list < 2 then return end
  for _, entry in ipairs(list) do
    local other = entry[1] ~= n.nid and read(entry[1])
    for _, step in ipairs(other and other.steps or {}) do
      if step.channel == channel and other[step.s] == 'queued' then
        redis.call('ZADD', queue_key(step.way, other.ln), 'XX', 'LT', now, other.nid .. ':' .. step.k)
        free = true
      end
    end
  end
end

-- Must this citizen's message on this channel wait for an earlier one? Returns until when, or nil. An earlier one holds it back
-- while it waits to leave on the channel, while its fate there is unknown and it may be repeated, and while it may still come
-- down to this channel from the step before.
local function earlier_waiting(n, channel, now)
  for _, entry in ipairs(open_of(n.ck)) do
    if entry[1] == n.nid then return nil end
    local other = read(entry[1], 'cut')
    local above = nil -- when the chain of the earlier one moves on
    for _, step in ipairs(other and other.steps or {}) do
      local s, due = other[step.s] or '', nil
      if s == 'queued' or s == 'deferred' or s == 'uncertain' then
        due = redis.call('ZSCORE', place_of(other, step, s), other.nid .. ':' .. step.k)
        due = tonumber(due or (s ~= 'uncertain' and now or nil))
      elseif s == 'sending' then
        due = tonumber(now)
      elseif s == '' and not step.beside and other.cut ~= '1' then
        due = above
      end
      if due and step.channel == channel then return math.max(now + 50, due + 1) end
      if due and not step.beside then above = due end
    end
  end
  return nil
end

-- Is a message of this notification about to leave or leaving?
local function leaving(n)
  for _, step in ipairs(n.steps) do
    if n[step.s] == 'queued' or n[step.s] == 'sending' then return true end
  end
  return false
end

-- Ends the notification when no message of it can still go out or come back. One that reached nobody after a failure keeps
-- its body for a while in `dead`: a person may mend the cause and send it again.
local function settle(n, now)
  local reached, busy, failed = false, false, false
  for _, step in ipairs(n.steps) do
    local s = n[step.s] or ''
    if s == 'seen' or (s == 'delivered' and step.way ~= 'portal') then reached = true end
    if s == 'queued' or s == 'deferred' or s == 'sending' then busy = true end
    if s == 'failed' or s == 'expired' or s == 'uncertain' then failed = true end
    if not busy and PLACE[s] == 'w' then
      busy = rawget(n, 'placed') == step or redis.call('ZSCORE', P .. 'w', n.nid .. ':' .. step.k) ~= false
    end
  end
  local state = reached and 'reached' or (busy and 'pending' or 'unreached')
  if state ~= n.st then put(n, 'st', state) end
  if busy then return end
  local chat = n.co == '-' and is_chat(n)
  if failed and not reached and not chat and n.cut ~= '1' and redis.call('HEXISTS', n.key, 'b') == 1 then
    redis.call('ZADD', P .. 'dead', now, n.nid)
  elseif not n.e or redis.call('ZREM', P .. 'dead', n.nid) == 1 then
    drop(n, 'b')
  end
  if not n.e then
    redis.call('LREM', P .. 'open:' .. n.ck, 1, n.nid .. ' ' .. n.co)
    put(n, 'e', now)
    n.ends = chat and CHAT_KEEP_S or KEEP_S
  end
end

-- Begins the first step after this one that has not begun and is not beside the chain. Nothing to do once reached or cut.
local function start_next(n, step, now)
  if n.st == 'reached' or n.cut == '1' or tonumber(n.x or '0') < tonumber(now) then return end
  if redis.call('HEXISTS', n.key, 'b') == 0 then return end -- ended or erased: there is nothing left to send
  for i = step.number + 2, #n.steps do
    local next_step = n.steps[i]
    local s = n[next_step.s] or ''
    if not next_step.beside then
      if s == '' then
        move(n, next_step, 'start', now, nil, now)
        free = true
      end
      if s == '' or s == 'queued' or s == 'deferred' or s == 'sending' then return end
    end
  end
end

-- An attempt is recorded before anything leaves. A repeat of one whose fate is unknown keeps its number, so the provider sees
-- the same reference. `c`: no, zw, zf of the citizen. Returns what the sender needs (claim.lua).
local function take(n, step, now, answer_by, c)
  local again, attempt = n[step.r] == '1', tonumber(n[step.a] or '0')
  if again then
    put(n, step.r, '2')
  else
    attempt = attempt + 1
    put(n, step.a, attempt)
  end
  if n[step.u] then drop(n, step.u) end -- of an attempt before
  move(n, step, 'claim', now, nil, answer_by)
  return { n.nid, step.number, attempt, again and 1 or 0, n.h, n.b, n.x, n.plan, n.ck, c[1] or '', c[2] or '', c[3] or '',
    attempt - tonumber(n[step.o] or '0') }
end

-- If the answer to a claim is lost, what it took can be given back: unclaim. `taken`: its serial number, then "nid:k:attempt"s.
local function note_claim(way, process, taken)
  redis.call('SET', P .. 'cl:' .. way .. ':' .. process, table.concat(taken, ' '), 'EX', 3600)
end

-- Nothing of this attempt left: it does not count. A repeat stays one: the attempt whose fate is unknown is still the one before.
local function take_back(n, step)
  if n[step.r] == '2' then
    put(n, step.r, '1')
  else
    put(n, step.a, tonumber(n[step.a]) - 1)
  end
end

-- Stops what has not left yet: the citizen was reached, or the news is replaced. Messages under way are left alone.
local function cut_rest(n, now, code, also_queued)
  for _, step in ipairs(n.steps) do
    local s = n[step.s]
    if not step.beside and (s == 'deferred' or (s == 'queued' and also_queued)) then
      ledger(n, step, move(n, step, 'cut', now, code), now)
      release_next(n, step.channel, now)
    end
  end
  if n.cut ~= '1' then put(n, 'cut', '1') end
end
