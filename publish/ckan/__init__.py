"""Plans against a CKAN: read what it holds, carry a plan out, verify it, withdraw, go back."""
