"""How fast the referee is, and how it compares with a plain SimPy model of the same network."""
