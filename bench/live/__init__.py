"""The benchmark of subscriptions: events delivered to many subscribers, idle subscribers, and the cost for writers."""
