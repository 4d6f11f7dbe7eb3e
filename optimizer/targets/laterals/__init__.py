"""Points that help each other: which may, what to keep where, what it costs and saves (decision 0008)."""
