-- citizen_put - a contact record as the office knows it, and what the citizen wants.
-- KEYS[1] citizen record c:<ckey>
-- ARGV    sealed contacts, sealed Zalo id ("" = unchanged), consents "sms=0;email=1;" (only the channels that were said), time
-- Returns 1 when the record is new
local new = redis.call('HEXISTS', KEYS[1], 's') == 0 and 1 or 0
redis.call('HSET', KEYS[1], 's', ARGV[1], 'at', ARGV[4])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'z', ARGV[2]) end
local no = redis.call('HGET', KEYS[1], 'no') or ''
for channel, wants in string.gmatch(ARGV[3], '(%w+)=([01]);') do
  no = string.gsub(no, 'o_' .. channel .. '=%-1;', '')
  if wants == '0' then no = no .. 'o_' .. channel .. '=-1;' end
end
redis.call('HSET', KEYS[1], 'no', no)
return new
