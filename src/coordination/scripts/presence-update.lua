-- Replaces what a person shows; changes nothing for one who is not in the room.
-- KEYS: 1 people of the room
-- ARGV: 1 participant, 2 what they show, as JSON
-- Returns 1 if the person is in the room.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'state:' .. ARGV[1], ARGV[2])
return 1
