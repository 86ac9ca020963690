"""The DNS process: it answers the queries of managed devices, each by its own persons' filters.

Read in this order: `service` (one query, walked), `decisions` (what is done with a name), `message` and `answers`
(bytes), `resolver` and `upstream` (names that resolve), `devices` and `clients` (who asks), `server` (sockets).
"""
