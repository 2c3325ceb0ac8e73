-- desk_list - who waits and who talks in one partition, for the boards of all processes.
-- KEYS[1] any key of the partition
-- ARGV    most conversations per desk and list, then desk ids
-- Returns per desk {how many wait, {{cid, mode, waiting since, talking since, channel, reason, promised by, escalations, officer,
--         officer's name, sealed first words, proven citizen's key, proven until}…}}; waiting ones first, oldest first
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local limit, out = tonumber(ARGV[1]), {}
local function add(items, zset, mode)
  for _, cid in ipairs(redis.call('ZRANGE', zset, 0, limit - 1)) do
    local f = redis.call('HMGET', P .. 'cv:' .. cid, 'md', 'hq', 'hs', 'ch', 'hr', 'hp', 'he', 'of', 'on', 'hx', 'wk', 'wu')
    if f[1] == mode then
      for i = 1, 12 do f[i] = f[i] or '' end
      items[#items + 1] = { cid, unpack(f) }
    else
      redis.call('ZREM', zset, cid) -- the conversation is over its time, or was erased
    end
  end
end
for i = 2, #ARGV do
  local items = {}
  add(items, P .. 'hq:' .. ARGV[i], 'wait')
  add(items, P .. 'ht:' .. ARGV[i], 'talk')
  out[#out + 1] = { redis.call('ZCARD', P .. 'hq:' .. ARGV[i]), items }
end
return out
