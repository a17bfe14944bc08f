"""Sudden weather: the manager warns, the handbook says who passes it on. R089."""

from __future__ import annotations

from datetime import time

from cheban.playbook import commands
from cheban.site.simulation.behaviour import WARNINGS
from cheban.site.simulation.world import Place, World, moment_of


def begin(world: World) -> None:
    """All warnings of the time, by city: two stores of one city get the same weather."""
    for kind, months, yearly in WARNINGS:
        for place in world.places.values():
            for day in world.times_of(f"weather {kind}", place.city.name, yearly * 12 / len(months)):
                if day.month in months and world.is_open(place.store.id, day):
                    at = moment_of(world.dice.whole(8 * 3600 + 2400, 16 * 3600, "weather", kind, place.city.name, day))
                    world.plan(day, at, "weather", place.store.code, lambda p=place, k=kind: _warn(world, p, k))


def _warn(world: World, place: Place, kind: str) -> None:
    managers = place.of_role("store_manager")
    if managers and world.now.time() < time(17, 30):
        with world.at(place.store.id):
            commands.warn_of_weather(kind, by=managers[0].actor)
        world.count["weather warnings"] += 1
