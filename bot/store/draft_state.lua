-- draft_state - a draft becomes live, or goes.
-- KEYS[1] hash fd  KEYS[2] hash fs
-- ARGV    draft, login, 1 when an editor, 'live' or '' to drop it, the sealed JSON that was read ('' any)
-- Returns 'ok'; 'not_found'; 'forbidden'; 'changed': it is not what was read
local state, by = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^(%a+)|(.*)$')
if not state then return ARGV[4] == '' and 'ok' or 'not_found' end -- dropped before is dropped
if ARGV[3] ~= '1' and (state == 'live' or by ~= ARGV[2]) then return 'forbidden' end
if ARGV[5] ~= '' and ARGV[5] ~= redis.call('HGET', KEYS[1], ARGV[1]) then return 'changed' end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], 'live|' .. by)
end
redis.call('PUBLISH', 'loa:drafts', ARGV[1])
return 'ok'
