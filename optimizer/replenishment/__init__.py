"""Replenishment: suppliers → hub → depots by every lane, week by week, with a proven gap (MODEL 3)."""
