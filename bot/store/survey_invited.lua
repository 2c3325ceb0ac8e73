-- survey_invited - counts invitations.
-- KEYS[1] sv:n
-- ARGV    the field of each
-- Returns 1 for each
local out = {}
for i, field in ipairs(ARGV) do
  redis.call('HINCRBY', KEYS[1], field, 1)
  out[i] = 1
end
return out
