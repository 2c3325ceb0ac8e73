-- desk_take - an officer takes a conversation that waits, or a lead takes it from a colleague. The citizen is told by a turn.
-- include _handover
-- KEYS[1] conversation cv:<cid>
-- ARGV    now, login, name, when to look again, 1 to take it from a colleague, sealed input "#taken",
--         desks this officer may act at ("*" all)
-- Returns {'taken', login it was taken from or ''}; {'mine'}: had it already; {'other', login, name}: somebody else was first;
-- {'gone'}: nobody waits there any more, or at none of these desks
local P, cid = string.match(KEYS[1], '^(loa:{p%d+}:)cv:(.+)$')
local now, login, name, look = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local f = redis.call('HMGET', KEYS[1], 'md', 'of', 'on', 'dk')
if f[1] == 'talk' and f[2] == login then return { 'mine' } end
if not desk_may(ARGV[7], login, f[2], f[4]) then return { 'gone' } end
if f[1] == 'talk' and ARGV[5] ~= '1' then return { 'other', f[2], f[3] or '' } end
if f[1] ~= 'talk' and f[1] ~= 'wait' then return { 'gone' } end
local was = desk_before(P, cid)
redis.call('HSET', KEYS[1], 'md', 'talk', 'of', login, 'on', name, 'hs', now, 'hw', look)
redis.call('HDEL', KEYS[1], 'oa')
redis.call('HINCRBY', KEYS[1], 'n', 1)
desk_index(P, cid, was)
desk_tick(P, cid, now, login, ARGV[6])
redis.call('PUBLISH', 'loa:chat', cid .. ' 0')
return { 'taken', f[1] == 'talk' and f[2] or '' }
