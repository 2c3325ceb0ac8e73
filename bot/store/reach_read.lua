-- reach_read - the sets of persons that some cells hold (reach.h). Changes nothing.
-- KEYS[1] any key of the partition
-- ARGV    month, field, month, field, ...
-- Returns a value per cell; false where there is none
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local out = {}
for i = 1, #ARGV, 2 do out[#out + 1] = redis.call('HGET', P .. 'r:' .. ARGV[i], ARGV[i + 1]) end
return out
