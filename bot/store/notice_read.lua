-- notice_read - an officer has read the notices up to this number.
-- KEYS[1] list rn:<login>
-- ARGV    number
-- Returns how many are left
while true do
  local first = redis.call('LINDEX', KEYS[1], 0)
  if not first or tonumber(string.match(first, '^(%d+)')) > tonumber(ARGV[1]) then break end
  redis.call('LPOP', KEYS[1])
end
return redis.call('LLEN', KEYS[1])
