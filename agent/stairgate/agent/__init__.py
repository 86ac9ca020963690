"""The router agent: it enforces the family's signed policy with nftables, also when hub and broker are gone.

Read in this order: `gate` (the constant rules), `grants` (decisions become set elements), `set_elements` (the
netlink transaction and its read-back), `sync` (hello and policy), `control` (the process that ties them).
"""
