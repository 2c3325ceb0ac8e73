-- roster - shifts of one desk and week: hash ro:<desk>:<monday> in partition 0.
--   h:<shift>  "login|from|to|name"            who is on duty, from and to in ms
--   s:<swap>   "shift|by|with|for"             a swap that was asked for and has no answer; for "": given away
--   a:<shift>  "first|last|minutes"            when this officer was really there
--   m:<shift>  1 once the officer was reminded
-- Notices for one officer: list rn:<login>, "n|at|kind|cid|detail" each; rnc (hash) counts them per login.

local function shift_of(text)
  if not text then return nil end
  local login, from, to, name = string.match(text, '^([^|]*)|(%d+)|(%d+)|(.*)$')
  return login and { login = login, from = tonumber(from), to = tonumber(to), name = name }
end

local function shift_text(s) return s.login .. '|' .. string.format('%.0f|%.0f', s.from, s.to) .. '|' .. s.name end

-- Is this person on duty elsewhere in the week at that time? `but` holds shifts that do not count, by id.
local function on_duty(keys, login, from, to, but)
  for _, key in ipairs(keys) do
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      local id = string.match(all[i], '^h:(.+)$')
      local s = id and not but[id] and shift_of(all[i + 1])
      if s and s.login == login and s.from < to and from < s.to then return true end
    end
  end
  return false
end

local function tell(login, now, kind, cid, detail)
  local base = string.match(KEYS[1], '^(loa:{p%d+}:)')
  local n = redis.call('HINCRBY', base .. 'rnc', login, 1)
  redis.call('RPUSH', base .. 'rn:' .. login, n .. '|' .. now .. '|' .. kind .. '|' .. cid .. '|' .. detail)
  redis.call('LTRIM', base .. 'rn:' .. login, -50, -1)
  redis.call('EXPIRE', base .. 'rn:' .. login, 30 * 86400)
  redis.call('PUBLISH', 'loa:notice', login)
end

local function changed(key)
  redis.call('EXPIRE', key, 400 * 86400) -- last year's attendance can still be exported
  redis.call('PUBLISH', 'loa:roster', (string.gsub(key, '^loa:{p%d+}:ro:', '')))
end
