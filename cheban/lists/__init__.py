"""The list machine: what every list can do."""
