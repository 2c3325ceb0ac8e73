-- draft_put - an entry of the FAQ to be is written or changed.
-- KEYS[1] hash fd  KEYS[2] hash fs
-- ARGV    draft, sealed JSON, login, 1 when an editor (may change others' drafts), most there may be
-- Returns 'ok'; 'forbidden': another's, or live already; 'too_many'
local state, by = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^(%a+)|(.*)$')
if state == 'live' or state and by ~= ARGV[3] and ARGV[4] ~= '1' then return 'forbidden' end
if not state and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5]) then return 'too_many' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if not state then redis.call('HSET', KEYS[2], ARGV[1], 'draft|' .. ARGV[3]) end
redis.call('PUBLISH', 'loa:drafts', ARGV[1])
return 'ok'
