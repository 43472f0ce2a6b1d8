"""Live subscriptions: one reader of the feed per company, and one execution for all equal subscriptions."""
