"""Findings, plans, approval sheets and KPI as terminal text, JSON, HTML and workbooks."""
