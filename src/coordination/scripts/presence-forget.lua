-- Forgets a person without connections, and ends the wait for them; one who is connected stays.
-- KEYS: 1 people of the room, 2 due
-- ARGV: 1 session, 2 participant
if tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or '0') > 0 then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[2], 'state:' .. ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[1] .. '|' .. ARGV[2])
return 1
