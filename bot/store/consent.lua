-- consent - the citizen wants, or does not want, messages of a channel or topic. What is queued there asks before it leaves.
-- KEYS[1] citizen record c:<ckey>
-- ARGV    ckey, wants 0/1, words "o_zalo t_campaign t_campaign_sms" (wanting a topic again takes its channels back too), now,
--         source ("" writes no entry in the ledger), version of the table of phrases
-- Returns what the citizen refuses now (field no)
local no = redis.call('HGET', KEYS[1], 'no') or ''
for word in string.gmatch(ARGV[3], '%S+') do
  local kept = {}
  for entry in string.gmatch(no, '[^;]+') do
    local its = string.match(entry, '^[^=]*')
    if its ~= word and (ARGV[2] == '0' or string.sub(its, 1, #word + 1) ~= word .. '_') then kept[#kept + 1] = entry .. ';' end
  end
  no = table.concat(kept) .. (ARGV[2] == '0' and word .. '=-1;' or '')
end
redis.call('HSET', KEYS[1], 'no', no)
if ARGV[5] ~= '' then
  -- Who asked for what, when and in which words of ours: no text, no number.
  redis.call('XADD', string.match(KEYS[1], '^(loa:{p%d+}:)') .. 'led', '*', 't', ARGV[4], 'h', cjson.encode({ kind = 'consent',
    ckey = ARGV[1], wants = ARGV[2] == '1', words = ARGV[3], source = ARGV[5], version = ARGV[6] }))
end
return no
