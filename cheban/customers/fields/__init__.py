"""Custom fields: what a group or a store wants to know of customers and vehicles besides the house's own columns. Y09.

`values` (kinds: reading, words, files) → `definitions` (which fields there are) → `writing` (into a row's `extra`, or
sealed) → the search rows that a trigger derives (migration 0008, decision 0027) → `lists` (filters, columns, orders).
"""
