-- Renews the lease of a node, and takes away the connections of nodes whose lease has ended. One script, so that
-- of several nodes that notice a death only one acts on it.
-- KEYS: 1 lease of the node, 2 nodes, 3 due
-- ARGV: 1 node, 2 lease in milliseconds, 3 grace in milliseconds, 4 prefix of the keys of nodes, 5 of connections, 6 of people
-- Returns 1 if the lease was still there, and the people who lost their last connection.
-- The keys of dead nodes and their rooms are found here, so this runs on a single Redis, not on a cluster.
local held = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], 1, 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lost = {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('EXISTS', ARGV[4] .. node) == 0 then
    local told = ARGV[4] .. node .. ':connections'
    for _, entry in ipairs(redis.call('SMEMBERS', told)) do
      local session, participant, connection = string.match(entry, '^(.-)|(.-)|(.*)$')
      if redis.call('HDEL', ARGV[5] .. session, connection) == 1 then
        if redis.call('HINCRBY', ARGV[6] .. session, participant, -1) == 0 then
          redis.call('ZADD', KEYS[3], now + ARGV[3], session .. '|' .. participant)
          lost[#lost + 1] = session .. '|' .. participant
        end
      end
    end
    redis.call('DEL', told)
    redis.call('SREM', KEYS[2], node)
  end
end
return { held, lost }
