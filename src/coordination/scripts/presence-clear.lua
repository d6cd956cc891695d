-- Forgets everybody in a room.
-- KEYS: 1 connections of the room, 2 people of the room, 3 due
-- ARGV: 1 session, 2 prefix of the keys of nodes
-- The keys of the nodes are found here: they stand in the room's own connections.
for _, participant in ipairs(redis.call('HKEYS', KEYS[2])) do
  redis.call('ZREM', KEYS[3], ARGV[1] .. '|' .. participant)
end
local connections = redis.call('HGETALL', KEYS[1])
for index = 1, #connections, 2 do
  local node, participant = string.match(connections[index + 1], '^(.-)|(.*)$')
  redis.call('SREM', ARGV[2] .. node .. ':connections', ARGV[1] .. '|' .. participant .. '|' .. connections[index])
end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
