"""The referee: plays a plan event by event and says whether it keeps its promise. Shares no code with the optimizer."""
