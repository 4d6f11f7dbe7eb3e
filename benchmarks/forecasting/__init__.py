"""Forecasting measured: `python -m benchmarks.forecasting` and the programs beside it."""

import forecasting as forecasting  # says how OpenMP's threads wait, before LightGBM is loaded
