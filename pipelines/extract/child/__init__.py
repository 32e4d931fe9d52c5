"""Opens one foreign workbook in a process of its own, under limits, and turns it into plain text cells."""
