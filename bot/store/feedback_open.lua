-- feedback_open - takes a case: gives it its number, starts its limits. The same input again gets the same number.
-- include _feedback
-- KEYS[1] fb:d:<dedupe>
-- ARGV    kind of number ("PA" | "HD"), year, partition, partitions, now, month, unit, desk, kind, channel, cid,
--         forward warn, forward by, answer warn, answer by, dedupe, sealed story
-- Returns the serial
local prefix, year, partition, partitions, now, month, unit, desk, kind, channel, cid = unpack(ARGV, 1, 11)
local forward_warn, forward_by, answer_warn, answer_by, dedupe, story = unpack(ARGV, 12, 17)
local done = redis.call('GET', KEYS[1])
if done then return tonumber(done) end
local nth = redis.call('HINCRBY', P .. 'fb:q', prefix .. year, 1)
local serial = (nth - 1) * tonumber(partitions) + tonumber(partition) + 1
local id = prefix .. '-' .. year .. '-' .. serial
redis.call('SET', KEYS[1], serial, 'PX', KEEP_MS)
redis.call('HSET', P .. 'fb:' .. id, 'st', 'received', 'un', unit, 'dk', desk, 'kd', kind, 'ch', channel, 'cid', cid, 'at', now,
  'fw', forward_by, 'aw', answer_by, 'mo', month, 'vn', 1, 'd', dedupe, 'b', story)
redis.call('SADD', P .. 'fb:c:' .. cid, id)
redis.call('ZADD', P .. 'fb:s:received', answer_by, id)
watch(id, unit, 'forward_soon', forward_warn)
watch(id, unit, 'forward_late', forward_by)
watch(id, unit, 'answer_soon', answer_warn)
watch(id, unit, 'answer_late', answer_by)
count(month, unit, kind, 'taken', 1)
count(month, unit, kind, 'received', 1)
history(id, now, 'taken', '-', unit)
return serial
