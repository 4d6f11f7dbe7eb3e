"""The forecast alone, for tests that do not ask how it was made."""

from domain.forecast import Forecast
from domain.network import Network
from forecasting.forecast import forecast as forecasting


def forecast(network: Network, weeks: int, lead_weeks: int) -> Forecast:
    """Forecast of `weeks` weeks, judged over `lead_weeks`."""
    return forecasting(network, weeks, lead_weeks).forecast
