-- outcome - what the provider answered to an attempt. Not fenced by the lease but by the attempt's number: an answer that
-- arrives after another process took over is still the truth.
-- include _delivery
-- KEYS[1] any key of a partition of this server
-- ARGV    now, then per outcome 11 values: nid, k, attempt, event, code, provider id, cost, again_at, wait_until, poll_at, suppress "way=until" or ""
--         event: accepted | again (at again_at) | unsent (nothing left: the attempt does not count) | refused | unknown | cut
-- Returns per outcome: the state after it, or '' when it no longer applied; "+" behind it: another message may go now
local now = ARGV[1]
local answer = {}
for at = 2, #ARGV, 11 do
  local nid, k, attempt, event, code, pid, cost = unpack(ARGV, at, at + 6)
  local again_at, wait_until, poll_at, suppress = unpack(ARGV, at + 7, at + 10)
  turn_to(nid)
  local n = read(nid, 's' .. k, 'a' .. k, 'r' .. k)
  local state = ''
  if n and n['a' .. k] == attempt then
    local step = n.steps[k + 1]
    local old = n[step.s]
    local waits = event == 'accepted' or event == 'unknown'
    local polls = waits and tonumber(poll_at) > 0 and tonumber(poll_at) < tonumber(wait_until)
    if pid ~= '' then put(n, step.i, pid) end
    local new = move(n, step, event, now, code, polls and poll_at or waits and wait_until or again_at)
    if event == 'accepted' and (new or old == 'delivered' or old == 'seen') then put(n, step.v, cost) end
    if new then
      state = new
      if polls then put(n, step.u, wait_until) end
      if (event == 'accepted' or event == 'again') and n[step.r] then drop(n, step.r) end
      if event == 'unsent' then take_back(n, step) end
      if event == 'refused' or event == 'cut' then
        ledger(n, step, new, now)
        start_next(n, step, now)
      end
      local sway, until_ms = string.match(suppress, '^([%w_]+)=(-?%d+)$')
      if sway then leave_alone(n.ck, sway, until_ms) end
      if event ~= 'again' and event ~= 'unsent' then release_next(n, step.channel, now) end
      settle(n, now)
    end
    save(n)
  end
  answer[#answer + 1] = told(state)
end
return answer
