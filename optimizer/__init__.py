"""Decides: stock targets, replenishment, allocation. The only room that talks to solvers."""
