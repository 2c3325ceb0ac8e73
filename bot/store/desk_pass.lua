-- desk_pass - a conversation goes on without this officer: to the bot, to a desk's queue at its old place, to a colleague. The
-- citizen is told by a turn.
-- include _handover
-- KEYS[1] conversation cv:<cid>
-- ARGV    now, login of who does it, 1 when a lead (may pass on what a colleague talks in), mode to come: bot | wait | talk,
--         desk, officer's login, officer's name, promised answer by, when to look again, sealed input for the turn,
--         desks this officer may act at ("*" all)
-- Returns {'passed', login it was taken from or ''}; {'same'}: it is so already; {'other', login, name}: a colleague has it;
-- {'gone'}: nobody waits there any more, or at none of these desks
local P, cid = string.match(KEYS[1], '^(loa:{p%d+}:)cv:(.+)$')
local now, login, mode = ARGV[1], ARGV[2], ARGV[4]
local f = redis.call('HMGET', KEYS[1], 'md', 'of', 'on', 'hq', 'dk')
local from = f[1] or 'bot'
if from == mode and (mode == 'bot' or mode == 'wait' and f[5] == ARGV[5] or mode == 'talk' and f[2] == ARGV[6]) then
  return { 'same' }
end
if from == 'bot' or not desk_may(ARGV[11], login, f[2], f[5]) then return { 'gone' } end
if from == 'talk' and f[2] ~= login and ARGV[3] ~= '1' then return { 'other', f[2], f[3] or '' } end
local was = desk_before(P, cid)
if mode == 'bot' then
  redis.call('HSET', KEYS[1], 'md', 'bot')
  redis.call('HDEL', KEYS[1], 'dk', 'hr', 'hq', 'hp', 'he', 'of', 'on', 'hs', 'oa', 'h1', 'hx', 'hw')
elseif mode == 'wait' then
  redis.call('HSET', KEYS[1], 'md', 'wait', 'dk', ARGV[5], 'hq', f[4] or now, 'hp', ARGV[8], 'hw', ARGV[9])
  redis.call('HDEL', KEYS[1], 'of', 'on', 'hs', 'oa')
else
  redis.call('HSET', KEYS[1], 'md', 'talk', 'of', ARGV[6], 'on', ARGV[7], 'hs', now, 'hw', ARGV[9])
  redis.call('HDEL', KEYS[1], 'oa')
end
redis.call('HINCRBY', KEYS[1], 'n', 1)
desk_index(P, cid, was)
desk_tick(P, cid, now, login, ARGV[10])
redis.call('PUBLISH', 'loa:chat', cid .. ' 0')
return { 'passed', was.of ~= login and was.of or '' }
