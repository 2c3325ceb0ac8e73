-- consent - the citizen wants, or does not want, messages on one channel. What is queued there asks before it leaves.
-- KEYS[1] citizen record c:<ckey>
-- ARGV    channel, wants 0/1
-- Returns 1
local no = string.gsub(redis.call('HGET', KEYS[1], 'no') or '', 'o_' .. ARGV[1] .. '=%-1;', '')
if ARGV[2] == '0' then no = no .. 'o_' .. ARGV[1] .. '=-1;' end
redis.call('HSET', KEYS[1], 'no', no)
return 1
