"""The parents' app: it holds the desired policy and shows what is really applied.

Modules in reading order: `store` (what is kept, `tinydb_store` and `memory_store` keep it), `family` (the
family's words for it), `compile` and `issue` (from the family to a signed document), `acts` (what a parent's
tap does), `delivery` and `link` (how a document reaches the agents), `app` and the `*_pages` (what a phone
sees), `serve` (the process).
"""
