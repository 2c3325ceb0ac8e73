-- notice_add - a notice for one officer, kept until it was read.
-- include _roster
-- KEYS[1] any key of partition 0
-- ARGV    login, now, kind, cid or '', detail
-- Returns 1
tell(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return 1
