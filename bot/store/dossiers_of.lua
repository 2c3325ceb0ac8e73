-- dossiers_of - which dossiers name this identity: what the router listed, and what the newest notices in the inbox are about.
-- KEYS[1] any key of the partition
-- ARGV    ckey, most notices to look at
-- Returns list of codes, the newest last; one may stand twice
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local codes = {}
for code in string.gmatch(redis.call('GET', P .. 'ds:' .. ARGV[1]) or '', '%S+') do codes[#codes + 1] = code end
for _, entry in ipairs(redis.call('LRANGE', P .. 'ib:' .. ARGV[1], -tonumber(ARGV[2]), -1)) do
  local code = redis.call('HGET', P .. 'n:' .. string.match(entry, '^%S+'), 'co')
  if code and code ~= '-' then codes[#codes + 1] = code end
end
return codes
