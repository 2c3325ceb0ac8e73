-- follow - a conversation wants the news of a dossier, or no more of it.
-- KEYS[1] dossier d:<code>
-- ARGV    cid, channel "zalo" or "web", 1 follow or 0 stop, most followers
-- Returns 1 follows now, 0 does not, -1 there is no such dossier, -2 there are as many as may be
local list = redis.call('HMGET', KEYS[1], 'st', 'fw')
local kept, count = {}, 0
for entry in string.gmatch(list[2] or '', '[^;]+') do
  if string.match(entry, '^%x+') ~= ARGV[1] then
    count = count + 1
    kept[count] = entry .. ';'
  end
end
if ARGV[3] == '1' then
  if not list[1] then return -1 end
  if count >= tonumber(ARGV[4]) then return -2 end
  kept[#kept + 1] = ARGV[1] .. ':' .. ARGV[2] .. ';'
end
if #kept > 0 then
  redis.call('HSET', KEYS[1], 'fw', table.concat(kept))
elseif list[2] then
  redis.call('HDEL', KEYS[1], 'fw')
end
return tonumber(ARGV[3])
