-- Presence may judge again.
-- KEYS: 1 settled, 2 since when it is unsettled
redis.call('SET', KEYS[1], 1)
redis.call('DEL', KEYS[2])
return 1
