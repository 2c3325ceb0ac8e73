-- survey_chat - how satisfied somebody is with the conversation itself: once a day and conversation.
-- KEYS[1] mark sv:m:<hash of conversation and day>
-- ARGV    field of sv:n
-- Returns 1 counted, 0 there was one today
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', 2 * 86400) then return 0 end
redis.call('HINCRBY', string.match(KEYS[1], '^(loa:{p%d+}:)') .. 'sv:n', ARGV[1], 1)
return 1
