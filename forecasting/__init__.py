"""History → a Forecast: the distribution of demand over any interval."""

import os

# Read by OpenMP when LightGBM is loaded: threads that wait must not spin, or a busy machine makes it 15 times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
