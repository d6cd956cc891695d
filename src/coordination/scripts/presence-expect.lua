-- Waits for a person who has no connection; nothing changes for one who has, or who is awaited already.
-- KEYS: 1 people of the room, 2 due
-- ARGV: 1 session, 2 participant, 3 grace in milliseconds
redis.call('HSETNX', KEYS[1], ARGV[2], 0)
if tonumber(redis.call('HGET', KEYS[1], ARGV[2])) == 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', KEYS[2], 'NX', now + ARGV[3], ARGV[1] .. '|' .. ARGV[2])
end
return 1
