"""Values of one cell: text in, text out, no table and no wording."""
