-- qa_list - questions and answers, newest first.
-- KEYS[1] qa:pub or qa:all
-- ARGV    limit, state ("" any)
-- Returns {version of what is public, {{id, state, question, answer, unit, author, approver, written, published, case}…}}
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local items = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)) do
  local f = redis.call('HMGET', P .. 'qa:' .. id, 'st', 'q', 'a', 'un', 'by', 'ap', 'at', 'pt', 'cs')
  if f[1] and (ARGV[2] == '' or f[1] == ARGV[2]) then
    local item = { id }
    for i = 1, 9 do item[i + 1] = f[i] or '' end
    items[#items + 1] = item
  end
end
return { redis.call('GET', P .. 'qa:v') or '0', items }
