-- meta - what a store was made with; the first process writes it, the others agree with it or stop.
-- KEYS[1] meta (hash: partitions, mark)
-- ARGV    partitions, mark of the master key
-- Returns {partitions, mark} as they stand
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[1])
redis.call('HSETNX', KEYS[1], 'mark', ARGV[2])
return redis.call('HMGET', KEYS[1], 'partitions', 'mark')
