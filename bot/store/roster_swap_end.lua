-- roster_swap_end - the answer to a swap: both shifts change hands, or nothing does. Both officers are told.
-- include _roster
-- KEYS    the week of this desk, then the same week of the other desks
-- ARGV    now, swap id, who answers, 1 when a lead, yes | no | withdraw, the name of who takes the shift over, notice: detail
-- Returns 'ok'; 'not_found'; 'forbidden'; 'changed': a shift is not what it was; 'conflict': somebody would be on duty twice
local now, swap, who, lead, word = unpack(ARGV, 1, 5)
local shift, by, with, back = string.match(redis.call('HGET', KEYS[1], 's:' .. swap) or '', '^([^|]*)|([^|]*)|([^|]*)|(.*)$')
if not shift then return 'not_found' end
if who ~= (word == 'withdraw' and by or with) and lead ~= '1' then return 'forbidden' end
if word == 'yes' then
  local mine = shift_of(redis.call('HGET', KEYS[1], 'h:' .. shift))
  local theirs = back ~= '' and shift_of(redis.call('HGET', KEYS[1], 'h:' .. back)) or nil
  if not mine or mine.login ~= by or back ~= '' and (not theirs or theirs.login ~= with) then return 'changed' end
  local but = { [shift] = true, [back] = true }
  if on_duty(KEYS, with, mine.from, mine.to, but) then return 'conflict' end
  if theirs and on_duty(KEYS, by, theirs.from, theirs.to, but) then return 'conflict' end
  local by_name, with_name = mine.name, theirs and theirs.name or ARGV[6]
  mine.login, mine.name = with, with_name
  redis.call('HSET', KEYS[1], 'h:' .. shift, shift_text(mine))
  redis.call('HDEL', KEYS[1], 'a:' .. shift, 'm:' .. shift)
  if theirs then
    theirs.login, theirs.name = by, by_name
    redis.call('HSET', KEYS[1], 'h:' .. back, shift_text(theirs))
    redis.call('HDEL', KEYS[1], 'a:' .. back, 'm:' .. back)
  end
end
redis.call('HDEL', KEYS[1], 's:' .. swap)
tell(by, now, 'swap_' .. word, '', ARGV[7])
tell(with, now, 'swap_' .. word, '', ARGV[7])
changed(KEYS[1])
return 'ok'
