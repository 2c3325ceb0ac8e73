-- alias - an identity turns out to be somebody's second one. What was refused under it lies in the main record already.
-- KEYS[1] citizen record c:<key> of the second identity
-- ARGV    key of the main record
-- Returns 1
local no = redis.call('HGET', KEYS[1], 'no')
redis.call('HSET', KEYS[1], 'as', ARGV[1])
if no then
  local kept = string.gsub(no, '[^;]+;', function(entry) return string.match(entry, '^[ot]_') and '' or nil end)
  redis.call('HSET', KEYS[1], 'no', kept)
end
return 1
