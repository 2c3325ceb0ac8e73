-- qa_put - writes a question and answer that may become public, or changes one that is not public now.
--
-- Records, all in partition 0:
--   qa:n      number of the last one      qa:v   counts up whenever what is public changes
--   qa:<id>   hash  st draft | published | withdrawn  q question  a answer  un unit  by who wrote it last  ap who published it
--                   at written, ms  pt published, ms  cs case it was made of ("" none)
--   qa:all    zset  ids by when they were written        qa:pub   zset  ids by when they were published
--   qa:d:<hash>  id of the item that the same request made before
-- KEYS[1] qa:n
-- ARGV    id ("" a new one), hash of the request, who, now, question, answer, unit, case
-- Returns {1, id}; {0, state} when it cannot be changed now; {-1} when there is no such item
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local id, hash, who, now, question, answer, unit, case = unpack(ARGV)
if id == '' then
  local before = redis.call('GET', P .. 'qa:d:' .. hash)
  if before then return { 1, before } end
  id = 'qa-' .. redis.call('INCR', KEYS[1])
  redis.call('SET', P .. 'qa:d:' .. hash, id, 'EX', 86400)
else
  local state = redis.call('HGET', P .. 'qa:' .. id, 'st')
  if not state then return { -1 } end
  if state == 'published' then return { 0, state } end
end
redis.call('HSET', P .. 'qa:' .. id, 'st', 'draft', 'q', question, 'a', answer, 'un', unit, 'by', who, 'at', now, 'cs', case)
redis.call('HDEL', P .. 'qa:' .. id, 'ap')
redis.call('ZADD', P .. 'qa:all', now, id)
return { 1, id }
