"""A campaign on its way: plan, send loop, rate, reputation."""
