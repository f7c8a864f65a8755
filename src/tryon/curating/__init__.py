"""Curation and validation: which pictures are used, why the others are not, and whether what is left can be trusted.

`curate_photos` and `curate_garments` write folders with a manifest of one row for each candidate, kept or not.
`validate_data` reads those folders back, as a stranger would, and records what does not meet its expectations.
"""
