"""Every table declared once: `TABLES` and `SETTINGS` of the network folder, `ARTEFACTS` of the plan folder."""

from domain.schemas.artefacts import ARTEFACTS
from domain.schemas.columns import DTYPES, About, AboutTable, about, about_table, empty_frame
from domain.schemas.folder import SETTINGS, TABLES

__all__ = ["ARTEFACTS", "DTYPES", "SETTINGS", "TABLES", "About", "AboutTable", "about", "about_table", "empty_frame"]
