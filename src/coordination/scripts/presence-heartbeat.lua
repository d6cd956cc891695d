-- Renews the lease of a node, and takes away the connections of nodes whose lease has ended. One script, so that
-- of several nodes that notice a death only one acts on it.
-- KEYS: 1 lease of the node, 2 nodes, 3 due, 4 settled, 5 since when it is unsettled
-- ARGV: 1 node, 2 lease in milliseconds, 3 grace in milliseconds, 4 prefix of the keys of nodes, 5 of connections,
--       6 of people, 7 whether presence knows every connection of the node (1, 0), 8 whether this is its first beat
-- Returns 1 if the lease was still there, the sessions that lost connections, and how presence stands: 0 settled,
-- 1 unsettled, 2 unsettled although every node has told what it knows.
-- The keys of dead nodes and their rooms are found here, so this runs on a single Redis, not on a cluster.
local held = redis.call('EXISTS', KEYS[1])
-- A node that finds its lease gone has to tell everything anew, whatever it believed before.
local told = (held == 0 and ARGV[8] == '0') and '0' or ARGV[7]
redis.call('SET', KEYS[1], told, 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local changed = {}
local all_told = true
for _, node in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local lease = redis.call('GET', ARGV[4] .. node)
  if not lease then
    local its = ARGV[4] .. node .. ':connections'
    for _, entry in ipairs(redis.call('SMEMBERS', its)) do
      local session, participant, connection = string.match(entry, '^(.-)|(.-)|(.*)$')
      if redis.call('HDEL', ARGV[5] .. session, connection) == 1 then
        changed[#changed + 1] = session
        if redis.call('HINCRBY', ARGV[6] .. session, participant, -1) == 0 then
          redis.call('ZADD', KEYS[3], now + ARGV[3], session .. '|' .. participant)
        end
      end
    end
    redis.call('DEL', its)
    redis.call('SREM', KEYS[2], node)
  elseif lease == '0' then
    all_told = false
  end
end
if redis.call('EXISTS', KEYS[4]) == 1 then
  return { held, changed, 0 }
end
redis.call('SET', KEYS[5], now, 'NX')
-- Every node that lives has beaten within one lease.
local everybody_came = now - tonumber(redis.call('GET', KEYS[5])) >= tonumber(ARGV[2])
return { held, changed, (all_told and everybody_came) and 2 or 1 }
