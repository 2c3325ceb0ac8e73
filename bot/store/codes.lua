-- codes - short lists of dossier codes, newest last: whose dossier it is, which one is followed.
-- KEYS[1] any key of a partition of this server
-- ARGV    most codes of a list, expire_s, then per change 3 values: key of a list (ds:<ckey>, fo:<cid>), code, 1 add or 0 take out
-- Returns per change the number of codes in the list
local answer = {}
for at = 3, #ARGV, 3 do
  local key, code, add = ARGV[at], ARGV[at + 1], ARGV[at + 2] == '1'
  local codes = {}
  for other in string.gmatch(redis.call('GET', key) or '', '%S+') do
    if other ~= code then codes[#codes + 1] = other end
  end
  if add then codes[#codes + 1] = code end
  local first = math.max(1, #codes - tonumber(ARGV[1]) + 1)
  if #codes == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, table.concat(codes, ' ', first), 'EX', ARGV[2])
  end
  answer[#answer + 1] = #codes - first + 1
end
return answer
