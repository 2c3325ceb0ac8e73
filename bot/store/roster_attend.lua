-- roster_attend - who is on duty now and connected was there this minute; who begins soon is reminded once.
-- include _roster
-- KEYS[1] the week of a desk
-- ARGV    now, how long before a shift its officer is reminded, detail of the notice, then logins that are connected
-- Returns {how many were reminded, list of logins on duty now}
local now, here, reminded, duty = tonumber(ARGV[1]), {}, 0, {}
for i = 4, #ARGV do here[ARGV[i]] = true end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local id = string.match(all[i], '^h:(.+)$')
  local s = id and shift_of(all[i + 1])
  if s and s.from <= now and now < s.to then
    duty[#duty + 1] = s.login
    if here[s.login] then
      local first, last, minutes = string.match(redis.call('HGET', KEYS[1], 'a:' .. id) or '', '^(%d+)|(%d+)|(%d+)$')
      if not last or tonumber(last) <= now - 45000 then -- the pages of one officer may be open in several processes
        redis.call('HSET', KEYS[1], 'a:' .. id, (first or ARGV[1]) .. '|' .. ARGV[1] .. '|' .. (tonumber(minutes or 0) + 1))
      end
    end
  elseif s and now < s.from and s.from <= now + ARGV[2] and redis.call('HSETNX', KEYS[1], 'm:' .. id, '1') == 1 then
    tell(s.login, ARGV[1], 'shift_soon', '', ARGV[3])
    reminded = reminded + 1
  end
end
return { reminded, duty }
