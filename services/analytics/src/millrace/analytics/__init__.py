"""KPIs, trends, theme impact, drivers and the report."""
