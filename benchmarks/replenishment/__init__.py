"""Replenishment measured against the same problem as a mixed-integer program, and against exact optima of parts."""
