"""From a package on disk to catalogues, ledger, KPI and the steward's pages."""
