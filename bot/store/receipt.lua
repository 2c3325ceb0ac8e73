-- receipt - what became of a message after the provider took it. Late, twice and before the answer are all normal.
-- include _delivery
-- KEYS[1] any key of a partition of this server
-- ARGV    now, then per receipt 7 values: nid, k, event (delivered | seen | lost), code, at_ms, attempt ("" any),
--         suppress: leave this citizen alone on this way until then (ms, -1 for good), or ""
-- Returns per receipt: the new state, 'same' when it changed nothing, '' when the message is unknown; "+" behind it: another
-- message may go now
local now = ARGV[1]
local answer = {}
for at = 2, #ARGV, 7 do
  local nid, k, event, code, when, attempt, suppress = unpack(ARGV, at, at + 6)
  turn_to(nid)
  local n = read(nid, 'h', 'co', 'e', 'cut', 's' .. k, 'a' .. k, 'r' .. k, 'c' .. k, 'v' .. k)
  local step = n and n.steps[k + 1]
  local result = ''
  if step then
    -- A failure report of an older attempt says nothing about the one under way now.
    local old_attempt = event == 'lost' and attempt ~= '' and attempt ~= n[step.a]
    local tried = tonumber(n[step.a] or '0') > 0 -- what was never sent cannot have arrived
    local new = tried and not old_attempt and move(n, step, event, tonumber(when) > 0 and when or now, code) or nil
    result = 'same'
    if suppress ~= '' and not old_attempt then leave_alone(n.ck, step.way, suppress) end
    if new then
      result = new
      ledger(n, step, new, now)
      if event == 'lost' then
        start_next(n, step, now)
      elseif step.way ~= 'portal' or event == 'seen' then
        put(n, 'st', 'reached')
        cut_rest(n, now, 'reached', true)
      end
      release_next(n, step.channel, now)
      settle(n, now)
      save(n)
    end
  end
  answer[#answer + 1] = told(result)
end
return answer
