"""Results of a campaign: numbers for staff, and one page for a director."""
