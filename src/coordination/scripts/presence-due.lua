-- The people whose wait is over, longest first, at most as many as asked for; none while presence is unsettled.
-- KEYS: 1 due, 2 settled
-- ARGV: 1 limit
if redis.call('EXISTS', KEYS[2]) == 0 then
  return {}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
