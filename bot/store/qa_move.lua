-- qa_move - makes a question and answer public, by somebody else than who wrote it, or takes it back.
-- KEYS[1] qa:<id>
-- ARGV    id, publish | withdraw, who, now
-- Returns {1 done, state}; {2 done before, state}; {0 the state does not allow it, state}; {-2 the author may not}; {-1} unknown
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local id, event, who, now = unpack(ARGV)
local f = redis.call('HMGET', KEYS[1], 'st', 'by')
if not f[1] then return { -1 } end
local new = event == 'publish' and 'published' or 'withdrawn'
if f[1] == new then return { 2, new } end
if event == 'publish' and f[2] == who then return { -2 } end
if event == 'withdraw' and f[1] ~= 'published' then return { 0, f[1] } end
redis.call('HSET', KEYS[1], 'st', new)
if event == 'publish' then
  redis.call('HSET', KEYS[1], 'ap', who, 'pt', now)
  redis.call('ZADD', P .. 'qa:pub', now, id)
else
  redis.call('ZREM', P .. 'qa:pub', id)
end
redis.call('INCR', P .. 'qa:v')
return { 1, new }
