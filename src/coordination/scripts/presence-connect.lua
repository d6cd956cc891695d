-- Adds a connection and ends the wait for its person. Again for one that is there changes nothing.
-- KEYS: 1 connections of the room, 2 people of the room, 3 due, 4 connections of the node, 5 nodes
-- ARGV: 1 session, 2 participant, 3 connection, 4 node, 5 what the person shows, as JSON, where it is not known; or ''
-- Returns the number of connections, and how many there were before (-1: the person was not in the room).
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '-1')
if redis.call('HSETNX', KEYS[1], ARGV[3], ARGV[4] .. '|' .. ARGV[2]) == 1 then
  redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
  redis.call('SADD', KEYS[4], ARGV[1] .. '|' .. ARGV[2] .. '|' .. ARGV[3])
  -- A node that has connections is watched, also before its first beat.
  redis.call('SADD', KEYS[5], ARGV[4])
end
if ARGV[5] ~= '' then
  redis.call('HSETNX', KEYS[2], 'state:' .. ARGV[2], ARGV[5])
end
redis.call('ZREM', KEYS[3], ARGV[1] .. '|' .. ARGV[2])
return { tonumber(redis.call('HGET', KEYS[2], ARGV[2])), before }
