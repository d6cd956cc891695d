-- The people whose wait is over, longest first, at most as many as asked for.
-- KEYS: 1 due
-- ARGV: 1 limit
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
