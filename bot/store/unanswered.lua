-- unanswered - keeps a question nobody could answer, once.
-- KEYS[1] uq:<Monday>
-- ARGV    field, sealed value, most to keep, seconds to keep
-- Returns 1 kept, 0 known or full
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
local new = redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return new
