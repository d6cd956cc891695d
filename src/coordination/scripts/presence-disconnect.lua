-- Takes a connection away; with a person's last one the wait for them begins.
-- KEYS: 1 connections of the room, 2 people of the room, 3 due, 4 connections of the node
-- ARGV: 1 session, 2 participant, 3 connection, 4 grace in milliseconds
-- Returns the number of connections left, and 1 if this one was there.
if redis.call('HDEL', KEYS[1], ARGV[3]) == 0 then
  return { tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0'), 0 }
end
redis.call('SREM', KEYS[4], ARGV[1] .. '|' .. ARGV[2] .. '|' .. ARGV[3])
local left = redis.call('HINCRBY', KEYS[2], ARGV[2], -1)
if left == 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[1] .. '|' .. ARGV[2])
end
return { left, 1 }
