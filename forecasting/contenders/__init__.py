"""Methods a planner could pick instead of the gamma–Poisson model, each a `forecasting.series.Contender`."""
